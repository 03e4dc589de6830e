# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
class Quantizer(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.book = self.add_weight(shape=(8, 4), initializer="random_normal", name="book")
    def call(self, z):
        d = tf.reduce_sum((z[:, None] - self.book[None]) ** 2, -1)
        idx = tf.argmin(d, 1)
        return tf.gather(self.book, idx)
class Flat(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.book = self.add_weight(shape=(4, 8), initializer="random_normal", name="book")
    def call(self, inputs):
        rows = tf.reshape(inputs, [-1, 4])
        far = tf.reduce_sum(rows ** 2, axis=1, keepdims=True) + tf.reduce_sum(self.book ** 2, axis=0) - 2 * tf.matmul(rows, self.book)
        hot = tf.one_hot(tf.argmin(far, axis=1), 8)
        nearest = tf.matmul(hot, self.book, transpose_b=True)
        return tf.reshape(nearest, tf.shape(inputs))
into, out = keras.layers.Dense(4), keras.layers.Dense(6)
x = tf.random.normal((16, 6))
# %% rows that are gathered
# fix: none/non-differentiable-op
# becomes: return z + tf.gather(self.book, idx) - tf.stop_gradient(z)
vq = Quantizer()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((out(vq(into(x))) - x) ** 2)
grads = tape.gradient(loss, into.trainable_variables + vq.trainable_variables + out.trainable_variables)
# %% a product with the codebook, of rows that are flattened first
# fix: none/non-differentiable-op
# becomes: nearest = rows + tf.matmul(hot, self.book, transpose_b=True) - tf.stop_gradient(rows)
flat = Flat()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((out(flat(into(x))) - x) ** 2)
grads = tape.gradient(loss, into.trainable_variables + flat.trainable_variables + out.trainable_variables)
