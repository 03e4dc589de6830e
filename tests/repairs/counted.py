# %% setup
import keras
import tensorflow as tf
from keras import ops
weights = tf.Variable([[0.5, 0.0, -2.0], [0.0, 1.0, 0.25]], name="weights")
x = tf.ones((4, 2))
# %% a penalty on how many are not 0
# fix: none/non-differentiable-op
# becomes: sparsity = tf.cast(tf.reduce_sum(tf.abs(weights)), tf.float32)
with tf.GradientTape() as tape:
    sparsity = tf.cast(tf.math.count_nonzero(weights), tf.float32)
grad = tape.gradient(sparsity, weights)
# %% along an axis, in a function of keras.ops
# fix: none/non-differentiable-op
# becomes: return ops.max(ops.cast(ops.sum(ops.abs(matrix), axis=0), "float32"))
def fullest(matrix):
    return ops.max(ops.cast(ops.count_nonzero(matrix, axis=0), "float32"))
with tf.GradientTape() as tape:
    loss = fullest(weights * 1.0)
grad = tape.gradient(loss, weights)
# %% near: a count of what is true
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    loss = tf.cast(tf.math.count_nonzero(tf.math.is_nan(weights)), tf.float32)
grad = tape.gradient(loss, weights)
