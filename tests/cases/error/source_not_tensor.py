import tensorflow as tf
import keras
layer = keras.layers.Dense(1)
x = tf.ones((2, 2))
# %% a layer
# raises: AttributeError
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x))
grads = tape.gradient(loss, layer)  # expect: error/source-not-tensor
# %% near: its variables
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x))
grads = tape.gradient(loss, layer.trainable_variables)
# %% an array that is to be watched
# raises: ValueError
import numpy as np
image = np.ones((2, 2), "float32")
with tf.GradientTape() as tape:
    tape.watch(image)  # expect: error/source-not-tensor
    score = tf.reduce_sum(layer(image))
slope = tape.gradient(score, image)
# %% a number, in a function
# raises: ValueError
def slope_at(place):
    with tf.GradientTape() as tape:
        tape.watch(place)  # expect: error/source-not-tensor
        value = tf.sin(place)
    return tape.gradient(value, place)
slope = slope_at(0.5)
# %% near: a tensor of the array
import numpy as np
image = tf.convert_to_tensor(np.ones((2, 2), "float32"))
with tf.GradientTape() as tape:
    tape.watch(image)
    score = tf.reduce_sum(layer(image))
slope = tape.gradient(score, image)
