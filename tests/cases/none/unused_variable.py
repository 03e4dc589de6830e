import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% not read
with tf.GradientTape() as tape:
    loss = w * w
grads = tape.gradient(loss, [w, b])  # expect: none/unused-variable
# %% near: read with factor one
with tf.GradientTape() as tape:
    loss = w * w + b
grads = tape.gradient(loss, [w, b])
# %% the number of the variable stands in the code
two = tf.Variable(2.0, name="two")
with tf.GradientTape() as tape:
    loss = tf.nn.relu(b) * 2.0 + tf.nn.relu(2.0)
grads = tape.gradient(loss, [b, two])  # expect: none/unused-variable
# %% setup
import numpy as np
import tensorflow as tf
draws = np.random.default_rng(0)
seen = draws.normal(size=(8, 2)).astype("float32")
wanted = (seen @ draws.normal(size=(2, 1))).astype("float32")
slope = tf.Variable(np.ones((2, 1), "float32"))
# %% made in this cell, so that no earlier line was computed from it
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((seen @ slope - wanted) ** 2)
rate = tf.Variable(0.1)
grad = tape.gradient(loss, rate)  # expect: none/unused-variable
