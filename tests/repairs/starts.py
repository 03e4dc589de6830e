# %% setup
import keras
import tensorflow as tf
words = tf.constant([[0, 3], [2, 1], [4, 3], [1, 1]])
scores = tf.constant([[0.4], [-0.2], [0.9], [0.1]])
class Pairs(keras.Model):
    def __init__(self, count, size, bias="zeros"):
        super().__init__()
        self.left = keras.layers.Embedding(count, size, embeddings_initializer="zeros")
        self.right = keras.layers.Embedding(count, size, embeddings_initializer=keras.initializers.Zeros())
        self.offset = keras.layers.Embedding(count, 1, embeddings_initializer=bias)
    def call(self, two):
        first, second = two[:, 0], two[:, 1]
        return tf.reduce_sum(self.left(first) * self.right(second), axis=1, keepdims=True) + self.offset(first)
class Fine(keras.layers.Layer):
    def __init__(self, inner, rank):
        super().__init__()
        self.inner, self.rank = inner, rank
        inner.trainable = False
    def build(self, shape):
        self.narrow = self.add_weight(shape=(shape[-1], self.rank), initializer="glorot_uniform", name="narrow")
        self.broad = self.add_weight(shape=(self.rank, self.inner.units), initializer="zeros", name="broad")
    def call(self, x):
        return self.inner(x) + x @ self.narrow @ self.broad
pairs = Pairs(5, 4)
features = tf.random.normal((8, 6), seed=2)
# %% two tables of zeros
# fix: zero/stationary-point
# becomes: self.left = keras.layers.Embedding(count, size)
# becomes: self.right = keras.layers.Embedding(count, size)
# becomes: self.offset = keras.layers.Embedding(count, 1, embeddings_initializer=bias)
with tf.GradientTape() as tape:
    error = tf.reduce_mean((pairs(words) - scores) ** 2)
grads = tape.gradient(error, pairs.trainable_variables)
# %% two matrices of zeros
# fix: zero/stationary-point
# becomes: inward, outward = tf.Variable(tf.random.normal((6, 2), stddev=0.1)), tf.Variable(tf.random.normal((2, 1), stddev=0.1))
inward, outward = tf.Variable(tf.zeros((6, 2))), tf.Variable(tf.zeros((2, 1)))
with tf.GradientTape() as tape:
    error = tf.reduce_mean((features @ inward @ outward - 1.0) ** 2)
grads = tape.gradient(error, [inward, outward])
# %% near: an adapter that begins at zero on purpose
# none: zero/stationary-point
adapted = keras.Sequential([keras.Input((6,)), Fine(keras.layers.Dense(2), 3)])
with tf.GradientTape() as tape:
    error = tf.reduce_mean((adapted(features) - 1.0) ** 2)
grads = tape.gradient(error, adapted.trainable_variables)
# %% near: one table of zeros, which moves
# none: zero/stationary-point
held, moved = tf.Variable(tf.random.normal((5, 3), seed=1)), tf.Variable(tf.zeros((5, 3)))
with tf.GradientTape() as tape:
    near = tf.reduce_sum(tf.gather(held, words[:, 0]) * tf.gather(moved, words[:, 1]), axis=1, keepdims=True)
    error = tf.reduce_mean((near - scores) ** 2)
grads = tape.gradient(error, [held, moved])
# %% a signal of zeros, whose spectrum has no slope there
# fix: zero/stationary-point
# becomes: signal = tf.Variable(tf.random.normal([16], stddev=0.1))
signal = tf.Variable(tf.zeros([16]))
with tf.GradientTape() as tape:
    error = tf.reduce_mean((tf.abs(tf.signal.rfft(signal)) - 1.0) ** 2)
grads = tape.gradient(error, [signal])
