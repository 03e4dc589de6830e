import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% on the only path
with tf.GradientTape() as tape:
    loss = w * tf.stop_gradient(b * 3.0)  # expect: none/stop-gradient
grads = tape.gradient(loss, [w, b])
# %% in a function
def detached(v):
    return tf.stop_gradient(v)  # expect: none/stop-gradient
with tf.GradientTape() as tape:
    loss = detached(w) * 2.0
grad = tape.gradient(loss, w)
# %% near: beside another path
with tf.GradientTape() as tape:
    loss = w * tf.stop_gradient(w)
grad = tape.gradient(loss, w)
# %% near: of a constant
with tf.GradientTape() as tape:
    loss = w * tf.stop_gradient(tf.constant(3.0))
grad = tape.gradient(loss, w)
# %% two variables of the same number
p = tf.Variable(2.0)
q = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = p * tf.stop_gradient(q)  # expect: none/stop-gradient
grads = tape.gradient(loss, [p, q])
# %% discarded, with the number of another variable
p = tf.Variable(1.0)
q = tf.Variable(2.0)
with tf.GradientTape() as tape:
    h = p * 3.0
    m = tf.nn.relu(q)  # expect: none/discarded-result
    loss = h * h
grads = tape.gradient(loss, [p, q])
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
face = keras.Input((4,))
age = keras.layers.Dense(3, name="age")(face)
held = keras.layers.Lambda(tf.stop_gradient)(age)  # expect: none/stop-gradient
functional = keras.Model(face, keras.layers.Dense(1)(held))
features = np.random.normal(size=(8, 4)).astype("float32")
wanted = np.ones((8, 1), "float32")
# %% a Lambda of a functional model, under fit
# allow: step/silently-skipped
functional.compile(optimizer="sgd", loss="mse")
history = functional.fit(features, wanted, verbose=0)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu")])
head = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
x, y = tf.random.normal((8, 4)), tf.random.normal((8, 1))
both = base.trainable_variables + head.trainable_variables
# %% who hands the optimizer only the gradients that are there knows of the others
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((head(tf.stop_gradient(base(x))) - y) ** 2)  # note: none/stop-gradient
grads = tape.gradient(loss, both)
optimizer.apply_gradients([(g, v) for g, v in zip(grads, both) if g is not None])
# %% the optimizer is handed all of them
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((head(tf.stop_gradient(base(x))) - y) ** 2)  # expect: none/stop-gradient
grads = tape.gradient(loss, both)
optimizer.apply_gradients(zip(grads, both))
