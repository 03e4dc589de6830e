# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import ops
rng = np.random.default_rng(5)
sound = tf.constant(rng.normal(-90.0, 1e-4, (4, 60, 3)), tf.float32)
rows = tf.constant(rng.normal(300.0, 1e-4, (80, 5)), tf.float32)
weight, slope = tf.Variable([[0.3], [0.2], [-0.4]]), tf.Variable(tf.ones([5, 1]))
def scaled(x):
    middle = tf.reduce_mean(x, axis=1, keepdims=True)
    spread = tf.reduce_mean(x * x, axis=1, keepdims=True) - middle ** 2
    return (x - middle) / tf.sqrt(spread)
def by_column(x):
    n = tf.cast(tf.shape(x)[0], tf.float32)
    m = tf.reduce_sum(x, 0) / n
    deviation = tf.sqrt(tf.reduce_sum(x ** 2, 0) / n - tf.square(m))
    return (x - m) / deviation
def by_row(x):
    return ops.sqrt(ops.mean(ops.square(x), axis=-1) - ops.square(ops.mean(x, axis=-1)))
def heights(x):
    return tf.sqrt(1.0 - x * x)
def surprise(action, scale):
    squashed = tf.tanh(action) * scale
    return -tf.math.log(1.0 - squashed ** 2 + 1e-6)
# %% a variance under a name
# fix: nonfinite/invalid-forward-value
# becomes: spread = tf.reduce_mean(tf.square(x - middle), axis=1, keepdims=True)
# becomes: return (x - middle) / tf.sqrt(spread + 1e-12)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((scaled(sound) @ weight - 1.0) ** 2)
grad = tape.gradient(loss, weight)
# %% a variance under the root itself, by sums
# fix: nonfinite/invalid-forward-value
# becomes: deviation = tf.sqrt(tf.reduce_sum((x - m) ** 2, 0) / n + 1e-12)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((by_column(rows) @ slope - 1.0) ** 2)
grad = tape.gradient(loss, slope)
# %% near: a mean that does not keep its axis
# fix: nonfinite/invalid-forward-value
# becomes: return ops.sqrt(ops.maximum(ops.mean(ops.square(x), axis=-1) - ops.square(ops.mean(x, axis=-1)), 1e-7))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(by_row(tf.transpose(sound, [0, 2, 1])) @ weight)
grad = tape.gradient(loss, weight)
# %% near: another difference
# fix: nonfinite/invalid-forward-value
# becomes: return tf.sqrt(tf.maximum(1.0 - x * x, 1e-7))
# gone: return tf.sqrt(1.0 - x * x + 1e-12)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(1.0 / heights(tf.Variable([0.5, 1.2])) * slope)
grad = tape.gradient(loss, slope)
# %% near: a logarithm of what a formula makes negative
# untried: nonfinite/loss-only
# becomes: return -tf.math.log(tf.maximum(1.0 - squashed ** 2 + 1e-6, 1e-7))
step = tf.Variable([0.1, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(surprise(step, 2.0))
grad = tape.gradient(loss, step)
# %% a mean over what may be nothing
# fix: nonfinite/loss-only
# becomes: values = tf.square(tf.boolean_mask(slope, slope > 3.0))
# becomes: loss = tf.reduce_sum(slope) + tf.math.divide_no_nan(tf.reduce_sum(values), tf.cast(tf.size(values), values.dtype))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(slope) + tf.reduce_mean(tf.square(tf.boolean_mask(slope, slope > 3.0)))
grad = tape.gradient(loss, slope)
