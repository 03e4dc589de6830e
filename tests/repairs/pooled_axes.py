# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
words = tf.random.normal((4, 6, 6, 5))
target = tf.random.normal((4, 6, 5))
scorer, query = keras.layers.Dense(1), tf.Variable(tf.random.normal((4, 1, 5)))
class Pooling(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.scorer = keras.layers.Dense(1)
    def call(self, words):
        share = tf.nn.softmax(self.scorer(tf.tanh(words)))
        return tf.reduce_sum(share * words, axis=2)
pooling = Pooling()
# %% the sum behind it says which of two axes of one length
# fix: zero/single-unit-softmax
# becomes: share = tf.nn.softmax(self.scorer(tf.tanh(words)), axis=2)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(pooling(words) - target))
grads = tape.gradient(loss, pooling.trainable_variables)
# %% a matrix product behind it
# fix: zero/single-unit-softmax
# becomes: share = tf.nn.softmax(scorer(words[:, :4]), axis=2)[..., 0]
with tf.GradientTape() as tape:
    share = tf.nn.softmax(scorer(words[:, :4]), axis=3)[..., 0]
    pooled = tf.matmul(share, words[:, 0])
    loss = tf.reduce_mean(tf.square(pooled - target[:, :4]))
grads = tape.gradient(loss, scorer.trainable_variables)
# %% letters behind it
# fix: zero/single-unit-softmax
# becomes: share = tf.nn.softmax(scorer(words), axis=1)
with tf.GradientTape() as tape:
    share = tf.nn.softmax(scorer(words), axis=-1)
    pooled = tf.einsum("ijkl,ijkd->ikd", share, words)
    loss = tf.reduce_mean(tf.square(pooled - target))
grads = tape.gradient(loss, scorer.trainable_variables)
# %% scores as a row, and the softmax over the one query
# fix: zero/single-unit-softmax
# becomes: share = tf.nn.softmax(tf.matmul(query, words[:, 0], transpose_b=True), axis=2)
with tf.GradientTape() as tape:
    share = tf.nn.softmax(tf.matmul(query, words[:, 0], transpose_b=True), axis=1)
    pooled = tf.matmul(share, words[:, 0])
    loss = tf.reduce_mean(tf.square(pooled - target[:, :1]))
grads = tape.gradient(loss, query)
# %% inside a traced step
# fix: zero/single-unit-softmax
# becomes: share = tf.nn.softmax(self.scorer(tf.tanh(words)), axis=2)
@tf.function
def step(words, target):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(pooling(words) - target))
    return tape.gradient(loss, pooling.trainable_variables)
step(words, target)
# %% each place of a picture has a weight of its own
# fix: zero/single-unit-softmax
# becomes: share = tf.sigmoid(scorer(words))
# gone: share = tf.nn.softmax(scorer(words))
with tf.GradientTape() as tape:
    share = tf.nn.softmax(scorer(words))
    pooled = tf.reduce_mean(share * words, axis=(1, 2))
    loss = tf.reduce_mean(tf.square(pooled - target[:, 0]))
grads = tape.gradient(loss, scorer.trainable_variables)
# %% a mask of the shape of its target
# fix: zero/single-unit-softmax
# becomes: mask = tf.sigmoid(scorer(words))
with tf.GradientTape() as tape:
    mask = tf.nn.softmax(scorer(words))
    loss = 1.0 - tf.reduce_mean(tf.reduce_sum(mask * words[..., :1], axis=2))
grads = tape.gradient(loss, scorer.trainable_variables)
