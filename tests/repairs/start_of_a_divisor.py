# %% setup
import tensorflow as tf
x = tf.random.stateless_normal((64,), [1, 2])
mu, sigma = tf.Variable(0.1), tf.Variable(0.0)
width = tf.Variable(tf.constant(0.0), name="width")
# %% a spread that begins at 0
# fix: nonfinite/invalid-forward-value
# becomes: s = tf.Variable(1.0, name="s")
s = tf.Variable(0.0, name="s")
with tf.GradientTape() as tape:
    nll = tf.reduce_mean(0.5 * ((x - mu) / s) ** 2) + tf.math.log(s)
grads = tape.gradient(nll, [mu, s])
# %% only its logarithm
# fix: nonfinite/invalid-forward-value
# becomes: t = tf.Variable(1.0)
t = tf.Variable(0.0)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x - mu) ** 2) + tf.math.log(t)
grads = tape.gradient(loss, [mu, t])
