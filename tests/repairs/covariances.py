# %% setup
import keras
import numpy as np
import tensorflow as tf
hours = tf.constant([[0.0], [0.0], [1.5], [1.5], [4.0], [4.0], [4.0]])
rates = tf.constant([[1.0], [1.1], [0.2], [0.3], [0.7], [0.6], [0.8]])
width = tf.Variable(1.0, name="width")
def similarity(a, b):
    return tf.exp(-0.5 * tf.reduce_sum((a[:, None] - b[None]) ** 2, -1) / width**2)
def surprise(gram):
    factor = tf.linalg.cholesky(gram)
    return tf.reduce_sum(tf.linalg.cholesky_solve(factor, rates) * rates) + 2.0 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(factor)))
# %% equal rows, in a function
# fix: nonfinite/invalid-forward-value
# becomes: factor = tf.linalg.cholesky(gram + 1e-5 * tf.eye(tf.shape(gram)[-1]))
with tf.GradientTape() as tape:
    loss = surprise(similarity(hours, hours))
grad = tape.gradient(loss, width)
# %% an expression, in float64
# fix: nonfinite/invalid-forward-value
# becomes: covariance = tf.matmul(features, features, transpose_b=True)
# becomes: root = tf.linalg.cholesky(covariance + 1e-10 * tf.eye(tf.shape(covariance)[-1], dtype=covariance.dtype))
features = tf.Variable(np.random.default_rng(3).normal(size=(6, 2)))
with tf.GradientTape() as tape:
    root = tf.linalg.cholesky(tf.matmul(features, features, transpose_b=True))
    loss = tf.reduce_sum(root**2)
grad = tape.gradient(loss, features)
# %% in a compiled step
# fix: nonfinite/invalid-forward-value
# becomes: return tf.reduce_sum(tf.linalg.logdet(spread + 1e-5 * tf.eye(tf.shape(spread)[-1])))
def volume(spread):
    return tf.reduce_sum(tf.linalg.logdet(spread))
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = volume(similarity(hours, hours))
    return tape.gradient(loss, width)
grad = step()
# %% near: a matrix that is not positive definite at all
# none: nonfinite/invalid-forward-value
mixed = tf.Variable([[1.0, 2.0], [2.0, 1.0]])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.linalg.cholesky(mixed))
grad = tape.gradient(loss, mixed)
# %% a noise below 0
# fix: nonfinite/invalid-forward-value
# becomes: spoiled = tf.exp(-0.5 * (spots - tf.transpose(spots)) ** 2 / reach ** 2) + tf.math.softplus(noise) * tf.eye(6)
import tensorflow as tf
spots = tf.reshape(tf.linspace(0.0, 1.0, 6), [6, 1])
reach, noise = tf.Variable(0.3), tf.Variable(-0.4)
with tf.GradientTape() as tape:
    spoiled = tf.exp(-0.5 * (spots - tf.transpose(spots)) ** 2 / reach ** 2) + noise * tf.eye(6)
    chol = tf.linalg.cholesky(spoiled)
    loss = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(chol)))
grads = tape.gradient(loss, [reach, noise])
