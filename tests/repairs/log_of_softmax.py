# %% setup
import tensorflow as tf
inputs = 90.0 * tf.random.normal((12, 5), seed=4)
kinds = tf.one_hot(tf.range(12) % 4, 4)
weights = tf.Variable(tf.random.normal((5, 4), seed=6))
def shares(scores):
    lifted = tf.exp(scores)
    return lifted / tf.reduce_sum(lifted, axis=-1, keepdims=True)
# %% a softmax of one's own, and the logarithm of what it gives
# fix: nonfinite/overflow
# becomes: return tf.nn.softmax(scores, axis=-1)
# becomes: cost = -tf.reduce_mean(tf.reduce_sum(kinds * tf.nn.log_softmax(inputs @ weights), axis=1))
with tf.GradientTape() as tape:
    p = shares(inputs @ weights)
    cost = -tf.reduce_mean(tf.reduce_sum(kinds * tf.math.log(p + 1e-9), axis=1))
grad = tape.gradient(cost, weights)
# %% near: no logarithm is taken
# fix: nonfinite/overflow
# becomes: return tf.nn.softmax(scores, axis=-1)
# gone: lifted = tf.exp(scores)
with tf.GradientTape() as tape:
    p = shares(inputs @ weights)
    cost = tf.reduce_mean((kinds - p) ** 2)
grad = tape.gradient(cost, weights)
