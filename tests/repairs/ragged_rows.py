# %% setup
import tensorflow as tf
table = tf.Variable(tf.random.normal((6, 3), seed=1))
slope = tf.Variable(tf.random.normal((3, 1), seed=2))
words = tf.ragged.constant([[0, 2], [], [1, 1, 5]])
grades = tf.ragged.constant([[1.0, 2.0], [], [0.5]])
scale = tf.Variable(2.0)
# %% the mean of no vector
# fix: nonfinite/invalid-forward-value
# becomes: mean = tf.math.divide_no_nan(tf.reduce_sum(vectors, axis=1), tf.cast(vectors.row_lengths(), tf.float32)[:, tf.newaxis])
with tf.GradientTape() as tape:
    vectors = tf.ragged.map_flat_values(tf.nn.embedding_lookup, table, words)
    mean = tf.reduce_mean(vectors, axis=1)
    loss = tf.reduce_mean((mean @ slope) ** 2)
grads = tape.gradient(loss, [table, slope])
# %% the mean of no number, where it is computed
# fix: nonfinite/loss-only
# becomes: rows = grades * scale
# becomes: loss = tf.reduce_sum(tf.math.divide_no_nan(tf.reduce_sum(rows, axis=1), tf.cast(rows.row_lengths(), tf.float32)) ** 2)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.reduce_mean(grades * scale, axis=1) ** 2)
grad = tape.gradient(loss, scale)
