# %% setup
import numpy as np
import tensorflow as tf
w = tf.Variable(2.0)
def parts(v):
    return [v * 2.0, v**2]
# %% a comprehension on the spot
# fix: none/left-tensorflow
# becomes: values = tf.stack([p for p in parts(w)])  # both
with tf.GradientTape() as tape:
    values = tf.constant([float(p) for p in parts(w)])  # both
    loss = tf.reduce_sum(values**2)
slope = tape.gradient(loss, w)
# %% an array of two, by their names
# fix: none/left-tensorflow
# becomes: values = tf.stack([a, b])
with tf.GradientTape() as tape:
    a, b = parts(w)
    values = tf.constant(np.array([a.numpy(), b.numpy()], dtype="float32"))
    loss = tf.reduce_sum(values**2)
slope = tape.gradient(loss, w)
# %% in a function, beside a number
# fix: none/left-tensorflow
# becomes: return tf.reduce_prod(tf.stack([v, 3.0]))
def scaled(v):
    return tf.reduce_prod(tf.convert_to_tensor([v.numpy(), 3.0]))
with tf.GradientTape() as tape:
    loss = scaled(w * w)
slope = tape.gradient(loss, w)
# %% numbers of NumPy keep their dtype, also in an array
# fix: none/left-tensorflow
# becomes: values = tf.stack([a, b])
with tf.GradientTape() as tape:
    a, b = parts(w)
    values = tf.constant(np.array([a.numpy(), b.numpy()]))
    loss = tf.reduce_sum(values**2)
slope = tape.gradient(loss, w)
# %% and in a list
# fix: none/left-tensorflow
# becomes: values = tf.stack([a, b])
with tf.GradientTape() as tape:
    a, b = parts(tf.cast(w, tf.float64))
    values = tf.constant([a.numpy(), b.numpy()])
    loss = tf.reduce_sum(values**2)
slope = tape.gradient(loss, w)
