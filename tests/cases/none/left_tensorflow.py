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
# %% logged before and after it leaves
u, seen = tf.Variable([3.0, 4.0], name="u"), []
with tf.GradientTape() as tape:
    h = w * 2.0
    seen.append(h.numpy().tolist())
    back = tf.convert_to_tensor(np.tanh(h))  # expect: none/left-tensorflow
    loss = tf.reduce_sum(back * u)
    print(float(tf.reduce_sum(h)))
grads = tape.gradient(loss, [w, u])  # status: none ok
# %% row by row
u, rows = tf.Variable([3.0, 4.0], name="u"), []
with tf.GradientTape() as tape:
    h = w * 2.0
    for i in range(2):
        rows.append(h[i].numpy() * 2.0)  # expect: none/left-tensorflow
    seen = [float(e) for e in h]
    loss = tf.reduce_sum(tf.stack(rows) * u)
grads = tape.gradient(loss, [w, u])  # status: none ok
# %% in a function of its own
u = tf.Variable([3.0, 4.0], name="u")
def smooth(values):
    inner = values.numpy()  # expect: none/left-tensorflow
    return inner * 0.5
with tf.GradientTape() as tape:
    h = w * 2.0
    loss = tf.reduce_sum(smooth(h) * u)
    label = f"{float(tf.reduce_mean(h)):.2f}"
grads = tape.gradient(loss, [w, u])  # status: none ok
# %% near: two paths
u, seen = tf.Variable([3.0, 4.0], name="u"), []
with tf.GradientTape() as tape:
    h = w * 2.0
    seen.append(np.tanh(h))
    loss = tf.reduce_sum(h * u + 0.1 * np.tanh(h))
grads = tape.gradient(loss, [w, u])
