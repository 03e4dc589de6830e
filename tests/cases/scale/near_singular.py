import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
v = tf.Variable([1e-7, 0.0, 0.0], name="v")
# %% a vector of length next to 0
with tf.GradientTape() as tape:
    length = tf.sqrt(tf.reduce_sum(v * v) + 1e-12)
    loss = tf.reduce_sum(v / length)  # expect: scale/near-singular
grad = tape.gradient(loss, v)
# %% the normalisation of TensorFlow itself
zero = tf.Variable([0.0, 0.0, 0.0], name="zero")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.l2_normalize(zero))  # expect: scale/near-singular
grad = tape.gradient(loss, zero)
# %% near: an ordinary vector
one = tf.Variable([1.0, 2.0, 0.0], name="one")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.l2_normalize(one) * tf.constant([1.0, 0.0, 2.0]))
grad = tape.gradient(loss, one)
# %% the rows of a table that is read twice, one of them zero
table = tf.Variable([[0.0, 0.0], [0.6, 0.8], [0.3, -0.4]], name="table")
with tf.GradientTape() as tape:
    one, two = tf.gather(table, [0, 1]), tf.gather(table, [1, 2])
    unit = tf.math.l2_normalize(one, axis=-1)  # expect: scale/near-singular
    cosine = tf.reduce_sum(unit * tf.math.l2_normalize(two, axis=-1), axis=-1)
    loss = tf.reduce_mean((1.0 - cosine) ** 2)
grad = tape.gradient(loss, table)  # status: exploding
# %% near: the rows of a table that is read twice
table = tf.Variable([[0.1, 0.2], [0.6, 0.8], [0.3, -0.4]], name="table")
with tf.GradientTape() as tape:
    one, two = tf.gather(table, [0, 1]), tf.gather(table, [1, 2])
    unit = tf.math.l2_normalize(one, axis=-1)
    cosine = tf.reduce_sum(unit * tf.math.l2_normalize(two, axis=-1), axis=-1)
    loss = tf.reduce_mean((1.0 - cosine) ** 2)
grad = tape.gradient(loss, table)
# %% directions next to 0, and the scale beside them
direction, length = tf.Variable(tf.random.normal((6, 16), stddev=1e-7), name="direction"), tf.Variable(tf.ones((16,)), name="length")
batch = tf.random.normal((32, 6))
with tf.GradientTape() as tape:
    weights = length * direction / tf.norm(direction, axis=0)  # expect: scale/near-singular
    loss = tf.reduce_mean(tf.square(tf.tanh(batch @ weights) - 0.5))
grads = tape.gradient(loss, [direction, length])  # status: exploding ok
