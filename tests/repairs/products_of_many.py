# %% setup
import tensorflow as tf
flips = tf.constant([1.0, 0.0, 1.0, 1.0] * 80)
p = tf.Variable(0.3, name="p")
mu = tf.Variable(1.0, name="mu")
lengths = tf.random.normal((300,), 3.0, 1.5, seed=4)
def likelihood(x):
    densities = tf.exp(-0.5 * (x - mu) ** 2) / 2.5066
    return -tf.reduce_prod(densities)
# %% a likelihood as the loss
# fix: zero/underflow
# becomes: like = tf.reduce_mean(tf.math.log(tf.where(flips == 1.0, p, 1.0 - p)))
for step in range(10):
    with tf.GradientTape() as tape:
        like = tf.reduce_prod(tf.where(flips == 1.0, p, 1.0 - p))
        loss = -like
    p.assign_sub(0.1 * tape.gradient(loss, p))
# %% in a function
# fix: zero/underflow
# becomes: return -tf.reduce_mean(tf.math.log(densities))
for step in range(10):
    with tf.GradientTape() as tape:
        loss = likelihood(lengths)
    mu.assign_sub(0.1 * tape.gradient(loss, mu))
# %% the logarithm of a product
# fix: nonfinite/invalid-forward-value
# becomes: loss = -tf.reduce_sum(tf.math.log(chances))
with tf.GradientTape() as tape:
    chances = tf.where(flips == 1.0, p, 1.0 - p)
    loss = -tf.math.log(tf.reduce_prod(chances))
grad = tape.gradient(loss, p)
# %% a product for each row
# fix: zero/underflow
# becomes: each = tf.reduce_sum(tf.math.log(tf.sigmoid(x * p)), axis=1)
x = tf.random.normal((4, 400), seed=2)
with tf.GradientTape() as tape:
    each = tf.reduce_prod(tf.sigmoid(x * p), axis=1)
    loss = -tf.reduce_mean(each)
grad = tape.gradient(loss, p)
# %% near: a factor that is 0
# none: zero/masked-out
with tf.GradientTape() as tape:
    loss = -tf.reduce_prod(tf.constant([0.5, 0.0, 0.0]) * p)
grad = tape.gradient(loss, p)
