# %% setup
import tensorflow as tf
import keras
x, width, lift = tf.Variable([0.5, -1.0, 2.0]), tf.Variable(1.5), tf.Variable(0.2)
@tf.custom_gradient
def bump(x, width=1.0):
    y = tf.exp(-tf.square(x / width))
    def grad(dy):
        slope = 2.0 * y * x / width**2
        return -dy * slope, tf.reduce_sum(dy * slope * x / width)
    return y, grad
@tf.custom_gradient
def line(x, slope, shift):
    return slope * x + shift, lambda dy: (slope * dy, tf.reduce_sum(x * dy), tf.reduce_sum(dy))
@tf.custom_gradient
def quantized(x, levels=4):
    def grad(dy):
        return dy, None
    return tf.round(x * levels) / levels, grad
@tf.custom_gradient
def reversed_gradient(x, strength=1.0):
    def grad(dy):
        return -strength * dy, tf.zeros_like(strength)
    return tf.identity(x), grad
class Hill(keras.layers.Layer):
    def build(self, shape):
        self.width = self.add_weight(shape=(), initializer="ones", name="width")
    def call(self, inputs):
        return bump(inputs, width=tf.convert_to_tensor(self.width))
hill = Hill()
hill(x[None])
# %% a value of a variable by keyword
# fix: error/gradient-shape-mismatch
# becomes: loss = tf.reduce_sum(bump(x, tf.identity(width)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(bump(x, width=tf.identity(width)))
grads = tape.gradient(loss, [x, width])
# %% two by keyword, in another order
# fix: error/gradient-shape-mismatch
# becomes: loss = tf.reduce_sum(line(
# becomes: x,
# becomes: 2.0 * width,
# becomes: tf.identity(lift),
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(line(
        x,
        shift=tf.identity(lift),
        slope=2.0 * width,
    ) ** 2)
grads = tape.gradient(loss, [x, width, lift])
# %% inside a layer
# fix: error/gradient-shape-mismatch
# becomes: return bump(inputs, tf.convert_to_tensor(self.width))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(hill(x[None]))
grads = tape.gradient(loss, [x, hill.width])
# %% an option that is no input
# fix: error/gradient-shape-mismatch
# becomes: return dy
# gone: return dy, None
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(quantized(x, levels=8) ** 2)
grads = tape.gradient(loss, [x])
# %% a default that is left as it is
# fix: error/gradient-shape-mismatch
# becomes: return -strength * dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(reversed_gradient(x) ** 2)
grads = tape.gradient(loss, [x])
