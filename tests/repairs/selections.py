# %% setup
import keras
import tensorflow as tf
from keras import ops
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 3))
keep_prob = 1.0
first, second = keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)
first.build((None, 4)), second.build((None, 6))
drop = keras.layers.Dropout(keep_prob)
class Hardest(keras.layers.Layer):
    def call(self, inputs):
        winner = ops.argmax(inputs, axis=-1)
        return ops.one_hot(winner, 3)
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), Hardest()])
scorer = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
w = tf.Variable([0.2, 0.9])
# %% a rate that is the share that is kept
# fix: none/non-differentiable-op
# becomes: drop = keras.layers.Dropout(1.0 - keep_prob)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(second(drop(first(x), training=True)) - 1.0) ** 2
grads = tape.gradient(loss, first.trainable_variables)
# %% a one-hot of the largest by keras.ops
# fix: none/non-differentiable-op
# becomes: return ops.softmax(inputs)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% the index of the largest of a vector
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_sum(tf.nn.softmax(w) * tf.range(tf.cast(tf.shape(w)[-1], w.dtype)), axis=-1)
with tf.GradientTape() as tape:
    loss = tf.cast(tf.argmax(w), tf.float32)
grad = tape.gradient(loss, w)
# %% a histogram
# fix: none/non-differentiable-op
# becomes: counts = tf.reduce_sum(tf.nn.softmax(-tf.square((tf.reshape(scores, [-1, 1]) - tf.linspace((-1.0), 1.0, 5)) * 5 / (1.0 - (-1.0)))), axis=0)
with tf.GradientTape() as tape:
    scores = scorer(x)[:, 0]
    counts = tf.histogram_fixed_width(scores, [-1.0, 1.0], nbins=5)
    loss = tf.reduce_sum((tf.cast(counts, tf.float32) / 16.0 - 0.2) ** 2)
grads = tape.gradient(loss, scorer.trainable_variables)
# %% a count of comparisons
# fix: none/non-differentiable-op
# becomes: wrong = tf.reduce_sum(tf.sigmoid(scorer(x)[:, 0] - y[:, 0]))
with tf.GradientTape() as tape:
    wrong = tf.math.count_nonzero(scorer(x)[:, 0] > y[:, 0])
    loss = tf.cast(wrong, tf.float32) / 16.0
grads = tape.gradient(loss, scorer.trainable_variables)
# %% a slice behind the end
# fix: zero/rows-not-selected
# becomes: loss = tf.reduce_sum(w[:2] ** 2)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w[2:] ** 2)
grad = tape.gradient(loss, w)
# %% drawn counts
# by hand: error/no-gradient-registered
# becomes: counts = tf.maximum((w * 20.0) + tf.sqrt((w * 20.0)) * tf.random.normal(tf.shape(w * 20.0)), 0.0)
with tf.GradientTape() as tape:
    counts = tf.random.poisson([], w * 20.0, dtype=tf.float32)
    loss = tf.reduce_mean(counts ** 2)
grad = tape.gradient(loss, w)
# %% full matrices
# fix: error/unexplained
# becomes: s, u, v = tf.linalg.svd(first.kernel * 1.0)
with tf.GradientTape() as tape:
    s, u, v = tf.linalg.svd(first.kernel * 1.0, full_matrices=True)
    loss = tf.reduce_sum(u[:, :2] ** 4)
grads = tape.gradient(loss, first.kernel)
# %% setup
import tensorflow as tf
picture, wanted = tf.Variable(tf.random.stateless_uniform((8, 8), (1, 2))), tf.random.stateless_uniform((8, 8), (3, 4)) ** 2
# %% two histograms that are compared
# fix: none/non-differentiable-op
# becomes: theirs = tf.reduce_sum(tf.nn.softmax(-tf.square((tf.reshape(wanted, [-1, 1]) - tf.linspace(0.0, 1.0, 6)) * 6 / (1.0 - 0.0))), axis=0)
with tf.GradientTape() as tape:
    mine = tf.histogram_fixed_width(picture, [0.0, 1.0], nbins=6)
    theirs = tf.histogram_fixed_width(wanted, [0.0, 1.0], nbins=6)
    loss = tf.reduce_mean(tf.cast((mine - theirs) ** 2, tf.float32))
grads = tape.gradient(loss, picture)
