# %% setup
import tensorflow as tf
xs = tf.linspace(0.0, 10.0, 21)
ys = tf.sin(xs)
at, rows = tf.Variable([1.3, 4.2, 7.7]), tf.random.normal((21, 3), seed=1)
def read(t):
    return tf.gather(ys, tf.searchsorted(xs, t))
# %% by a name
# fix: none/non-differentiable-op
# becomes: right = tf.clip_by_value(tf.searchsorted(xs, at), 1, tf.size(xs) - 1)
# becomes: part = (at - left) / (tf.gather(xs, right) - left)
# becomes: value = (1.0 - part) * tf.gather(ys, right - 1) + part * tf.gather(ys, right)
# gone: entry = tf.searchsorted(xs, at) - 1
with tf.GradientTape() as tape:
    entry = tf.searchsorted(xs, at) - 1
    value = tf.gather(ys, entry)
    loss = tf.reduce_sum(tf.square(value - 0.5))
grads = tape.gradient(loss, at)
# %% in a function of an earlier cell
# fix: none/non-differentiable-op
# becomes: left = tf.gather(xs, right - 1)
# becomes: return (1.0 - part) * tf.gather(ys, right - 1) + part * tf.gather(ys, right)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(read(at) - 0.5))
grads = tape.gradient(loss, at)
# %% near: rows of a matrix
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.gather(rows, tf.searchsorted(xs, at)))
grads = tape.gradient(loss, at)
