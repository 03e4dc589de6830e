import tensorflow as tf
r = tf.Variable([2.0, 0.0, 4.0], name="r")
# %% log
with tf.GradientTape() as tape:
    s = tf.where(r > 0, tf.math.log(r), 0.0)  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(s)
grad = tape.gradient(loss, r)
# %% division
with tf.GradientTape() as tape:
    d = 1.0 / r  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(tf.where(r > 0, d, 0.0))
grad = tape.gradient(loss, r)
# %% everything is masked out
with tf.GradientTape() as tape:
    s = tf.where(r > 9, tf.math.log(tf.nn.relu(r - 9.0)), 0.0)  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(s)
grad = tape.gradient(loss, r)  # status: nan
# %% near: a harmless input
with tf.GradientTape() as tape:
    s = tf.where(r > 0, tf.math.log(tf.where(r > 0, r, 1.0)), 0.0)
    loss = tf.reduce_sum(s)
grad = tape.gradient(loss, r)
# %% near: sqrt under where is finite in this TensorFlow
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(r > 0, tf.sqrt(r), 0.0))
grad = tape.gradient(loss, r)
# %% infinite before it is selected away
with tf.GradientTape() as tape:
    inverse = 1.0 / r  # expect: nonfinite/where-trap
    pairs = inverse ** 2 - inverse
    loss = tf.reduce_sum(tf.where(r > 0, pairs, 0.0))
grad = tape.gradient(loss, r)  # status: nan
# %% multiplied away by a mask
mask = tf.constant([1.0, 0.0, 1.0])
with tf.GradientTape() as tape:
    angles = tf.acos(tf.clip_by_value(r / 4.0 + [0.0, 1.0, -0.5], -1.0, 1.0))  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(angles * mask)
grad = tape.gradient(loss, r)  # status: nan
# %% multiplied away, compiled
mask = tf.constant([1.0, 0.0, 1.0])
@tf.function
def step():
    with tf.GradientTape() as tape:
        angles = tf.acos(tf.clip_by_value(r / 4.0 + [0.0, 1.0, -0.5], -1.0, 1.0))  # expect: nonfinite/where-trap
        loss = tf.reduce_sum(angles * mask)
    return tape.gradient(loss, r)  # status: nan
step()
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
scores = tf.Variable(tf.random.normal((3, 4)))
kept = tf.constant([[True, True, False, True], [True, False, False, False], [False, False, False, False]])
def pooled(scores):
    hidden = tf.where(kept, scores, -float("inf"))
    weights = tf.nn.softmax(hidden)  # expect: nonfinite/where-trap
    return tf.where(tf.reduce_any(kept, -1, keepdims=True), weights * scores, 0.0)
# %% a softmax of a row that the mask leaves nothing of
# expect setup
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(pooled(scores))
grad = tape.gradient(loss, scores)  # status: nan
# %% the same, compiled
# expect setup
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(pooled(scores))
    return tape.gradient(loss, scores)  # status: nan
step()
# %% the mask is added
with tf.GradientTape() as tape:
    masked = scores + tf.where(kept, 0.0, float("-inf"))
    scaled = masked / 2.0
    likely = tf.nn.log_softmax(scaled)  # expect: nonfinite/where-trap
    loss = -tf.reduce_sum(tf.where(kept, likely * scores, 0.0))
grad = tape.gradient(loss, scores)  # status: nan
# %% near: rows that keep something
with tf.GradientTape() as tape:
    weights = tf.nn.softmax(tf.where(kept[:2], scores[:2], -float("inf")))
    loss = tf.reduce_sum(tf.where(kept[:2], weights * scores[:2], 0.0))
grad = tape.gradient(loss, scores)
