import math
import numpy as np
import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
# %% numpy and back
with tf.GradientTape() as tape:
    h = w * 2.0
    loss = tf.reduce_sum(tf.constant(h.numpy()))  # expect: none/left-tensorflow
grad = tape.gradient(loss, w)
# %% math
with tf.GradientTape() as tape:
    s = tf.reduce_sum(w)
    loss = tf.constant(1.0) * math.exp(s)  # expect: none/left-tensorflow
grad = tape.gradient(loss, w)
# %% near: printed only
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * w)
    print(loss.numpy(), float(loss), np.mean(w))
grad = tape.gradient(loss, w)
# %% near: a number that scales
with tf.GradientTape() as tape:
    scale = float(tf.reduce_max(w))
    loss = tf.reduce_sum(w) / scale
grad = tape.gradient(loss, w)
