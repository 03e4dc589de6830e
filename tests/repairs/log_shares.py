# %% setup
import keras
import tensorflow as tf
from keras import ops
keras.utils.set_random_seed(7)
encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
a, b = tf.random.normal((8, 6), seed=1), tf.random.normal((8, 6), seed=2)
picked = tf.constant([[i, (i + 1) % 8] for i in range(8)])
def directions(x):
    return tf.nn.l2_normalize(encoder(x), axis=1)
def contrast(one, other, temperature=0.005):
    sim = tf.exp(tf.matmul(one, other, transpose_b=True) / temperature)
    positive = tf.linalg.diag_part(sim)
    return -tf.reduce_mean(tf.math.log(positive / tf.reduce_sum(sim, axis=1)))
def pairs(one, other):
    near = ops.exp(ops.sum(one * other, axis=1) * 400.0)
    far = ops.sum(ops.exp(ops.matmul(one, ops.transpose(one)) * 400.0), axis=1)
    return -ops.mean(ops.log(near / (near + far)))
# %% a diagonal and a sum of rows
# fix: nonfinite/overflow
# becomes: return -tf.reduce_mean(tf.linalg.diag_part(tf.matmul(one, other, transpose_b=True) / temperature) - tf.reduce_logsumexp(tf.matmul(one, other, transpose_b=True) / temperature, axis=1))
with tf.GradientTape() as tape:
    loss = contrast(directions(a), directions(b))
grads = tape.gradient(loss, encoder.trainable_variables)
# %% one share beside many
# fix: nonfinite/overflow
# becomes: return -ops.mean(ops.sum(one * other, axis=1) * 400.0 - ops.logaddexp(ops.sum(one * other, axis=1) * 400.0, ops.logsumexp(ops.matmul(one, ops.transpose(one)) * 400.0, axis=1)))
with tf.GradientTape() as tape:
    loss = pairs(directions(a), directions(b))
grads = tape.gradient(loss, encoder.trainable_variables)
# %% entries that are gathered
# fix: nonfinite/overflow
# becomes: chosen = tf.gather_nd(scores, picked) - tf.reduce_logsumexp(scores, axis=1)
with tf.GradientTape() as tape:
    scores = tf.matmul(directions(a), directions(b), transpose_b=True) * 300.0
    weights = tf.exp(scores)
    chosen = tf.math.log(tf.gather_nd(weights, picked) / tf.reduce_sum(weights, axis=1))
    loss = -tf.reduce_mean(chosen)
grads = tape.gradient(loss, encoder.trainable_variables)
# %% near: a quotient of other things
# dropped: nonfinite/overflow
with tf.GradientTape() as tape:
    weights = tf.exp(tf.matmul(directions(a), directions(b), transpose_b=True) * 300.0)
    loss = -tf.reduce_mean(tf.math.log(tf.linalg.diag_part(weights) / tf.reduce_sum(weights * tf.abs(a[:, :1]), axis=1)))
grads = tape.gradient(loss, encoder.trainable_variables)
# %% the sign in front
# fix: nonfinite/overflow
# becomes: loss = tf.reduce_mean(-(scores[:, 0] - tf.reduce_logsumexp(scores, axis=1)))
with tf.GradientTape() as tape:
    scores = tf.matmul(directions(a), directions(b), transpose_b=True) * 300.0
    loss = tf.reduce_mean(-tf.math.log(tf.exp(scores)[:, 0] / tf.reduce_sum(tf.exp(scores), axis=1)))
grads = tape.gradient(loss, encoder.trainable_variables)
