# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(14)
words = tf.constant([[1, 4, 2], [7, 2, 0]])
class Reader:
    def __init__(self, size=9):
        self.size = size
        self.table = tf.Variable(tf.random.normal((size, size)), name="table")
        self.gru = keras.layers.GRU(4)
    def looked_up(self, ids):
        return tf.gather(self.table, ids)
    def read(self, ids):
        rows = self.looked_up(ids)
        flags = tf.one_hot(ids, self.size)
        return self.gru(flags)
reader = Reader()
def vectors(table, ids):
    return tf.nn.embedding_lookup(table, ids)
# %% the method goes on with the one-hots
# fix: none/discarded-result
# becomes: return self.gru(rows)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(reader.read(words))
grads = tape.gradient(loss, [reader.table])
# %% in a function
# fix: none/discarded-result
# becomes: return tf.reduce_sum(mix(known))  # of each word
table, mix = tf.Variable(tf.random.normal((9, 9))), keras.layers.Dense(2)
def cost(ids):
    known = vectors(table, ids)
    hot = tf.one_hot(ids, depth=9)
    return tf.reduce_sum(mix(hot))  # of each word
with tf.GradientTape() as tape:
    loss = cost(words)
grads = tape.gradient(loss, [table, mix.bias])
# %% under the tape
# fix: none/discarded-result
# becomes: scores = mix(found)
table, mix = tf.Variable(tf.random.normal((9, 9))), keras.layers.Dense(2)
with tf.GradientTape() as tape:
    found = tf.gather(table, words)
    marks = tf.one_hot(words, 9)
    scores = mix(marks)
    loss = tf.reduce_mean(scores**2)
grads = tape.gradient(loss, [table, mix.kernel])
# %% one-hots that are labels
# none: none/discarded-result
table = tf.Variable(tf.random.normal((9, 9)))
bias = tf.Variable(tf.zeros((9,)))
with tf.GradientTape() as tape:
    found = vectors(table, words)
    marks = tf.one_hot(words, 9)
    loss = tf.reduce_mean(keras.losses.categorical_crossentropy(marks, tf.zeros((2, 3, 9)) + bias, from_logits=True))
grads = tape.gradient(loss, [table, bias])
# %% another table for the same words
# none: none/discarded-result
table, other = tf.Variable(tf.random.normal((9, 4))), tf.Variable(tf.random.normal((9, 5)))
def summed(ids):
    first = vectors(table, ids)
    second = tf.gather(other, ids)
    return tf.reduce_sum(second**2)
with tf.GradientTape() as tape:
    loss = summed(words)
grads = tape.gradient(loss, [table, other])
