# %% setup
import keras
import tensorflow as tf
rate, claims = tf.Variable([0.5, 0.0, 2.0], name="rate"), tf.constant([1.0, 0.0, 3.0])
def nll(claims, rate):
    each = rate - claims * tf.math.log(rate)
    return tf.reduce_mean(tf.where(rate > 0, each, tf.zeros_like(each)))
def depth_of(x):
    depth = tf.math.log(x)
    return tf.where(x == 0, tf.zeros_like(depth), depth / 2.0)
# %% zeros of the same shape in the other branch
# fix: nonfinite/where-trap
# becomes: each = rate - claims * tf.math.log(tf.where(rate > 0, rate, 1.0))
with tf.GradientTape() as tape:
    loss = nll(claims, rate)
grad = tape.gradient(loss, rate)
# %% zeros of the same shape in the first branch
# fix: nonfinite/where-trap
# becomes: depth = tf.math.log(tf.where(x == 0, 1.0, x))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(depth_of(rate))
grad = tape.gradient(loss, rate)
# %% near: both branches are computed from it
# none: nonfinite/where-trap
with tf.GradientTape() as tape:
    depth = tf.math.log(rate)
    loss = tf.reduce_sum(tf.where(rate > 0, depth, tf.maximum(depth, -9.0)))
grad = tape.gradient(loss, rate)
# %% setup
import tensorflow as tf
places = tf.Variable([[0.0, 0.0], [1.0, 0.2], [0.3, 1.1]])
def energy_of(p):
    n = p.shape[0]
    square = tf.reduce_sum((p[:, None] - p[None]) ** 2, axis=-1)
    sixth = (1.0 / square) ** 3
    pair = 4.0 * (sixth ** 2 - sixth)
    pair = tf.where(tf.eye(n, dtype=tf.bool), 0.0, pair)
    return 0.5 * tf.reduce_sum(pair)
# %% a name that is given its value twice
# fix: nonfinite/where-trap
# becomes: sixth = (1.0 / tf.where(tf.eye(n, dtype=tf.bool), 1.0, square)) ** 3
with tf.GradientTape() as tape:
    energy = energy_of(places)
forces = tape.gradient(energy, places)
