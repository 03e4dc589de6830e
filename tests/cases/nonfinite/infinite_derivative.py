import tensorflow as tf
x = tf.Variable([0.0, 4.0], name="x")
# %% sqrt
with tf.GradientTape() as tape:
    h = tf.sqrt(x)  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum(h)
grad = tape.gradient(loss, x)
# %% power
with tf.GradientTape() as tape:
    h = x ** 0.5  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum(h)
grad = tape.gradient(loss, x)
# %% near: a constant under the root
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sqrt(x + 1e-6))
grad = tape.gradient(loss, x)
# %% a weight of the loss is no mask
unit = tf.Variable([1.0, 0.5], name="unit")
with tf.GradientTape() as tape:
    angle = tf.acos(unit)  # expect: nonfinite/infinite-derivative
    loss = 0.1 * tf.reduce_sum(1.0 - tf.cos(angle))
grad = tape.gradient(loss, unit)
# %% a mask that keeps the bad element
unit = tf.Variable([1.0, 0.5], name="unit")
kept = tf.constant([1.0, 0.0])
with tf.GradientTape() as tape:
    angle = tf.acos(unit)  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum((1.0 - tf.cos(angle)) * kept)
grad = tape.gradient(loss, unit)
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(61)
one, two = keras.Input((3,)), keras.Input((3,))
embed = keras.layers.Dense(4, activation="tanh")
apart = keras.ops.sum((embed(one) - embed(two)) ** 2, axis=-1, keepdims=True)
distance = keras.ops.sqrt(apart)  # expect: nonfinite/infinite-derivative
twins = keras.Model([one, two], keras.layers.Dense(1)(distance))
twins.compile("sgd", "mse")
same = np.ones((4, 3), "float32")
other = same * np.array([[1.0], [1.0], [0.3], [0.1]], "float32")
# %% an op of Keras between the layers of a functional model
twins.fit([same, other], np.ones((4, 1)), batch_size=4, verbose=0)
# allow: step/update-destroys-weights
# %% setup
import keras
import tensorflow as tf
from keras import layers, ops
keras.utils.set_random_seed(62)
def far(left, right):
    gap = left - right
    return ops.sum(gap * gap, axis=1, keepdims=True) ** 0.5  # expect: nonfinite/infinite-derivative
def build(width):
    left, right = layers.Input((2,)), layers.Input((2,))
    shared = layers.Dense(width, use_bias=False)
    return keras.Model([left, right], 1.0 - far(shared(left), shared(right)))
net = build(3)
rows = tf.constant([[1.0, 2.0], [0.5, 0.1]])
# %% an operator in a function that builds the model
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net([rows, rows]))
grads = tape.gradient(loss, net.trainable_variables)  # status: nan
# %% near: rows that differ
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net([rows, rows + 1.0]))
grads = tape.gradient(loss, net.trainable_variables)
