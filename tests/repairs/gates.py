# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(2)
class Window(keras.layers.Layer):
    def build(self, shape):
        self.edge = self.add_weight(shape=(shape[-1],), initializer="ones", name="edge")
    def call(self, inputs):
        near = tf.abs(inputs) <= self.edge
        # nothing of what is far
        return tf.where(near, tf.cos(inputs), 0.0)
class Clipped(keras.layers.Layer):
    def build(self, shape):
        self.level = self.add_weight(shape=(), initializer="zeros", name="level")
    def call(self, inputs):
        return keras.ops.where(keras.ops.greater(inputs, self.level), 2.0 * inputs, 0.1 * inputs)
class Counted(keras.layers.Layer):
    def build(self, shape):
        self.level = self.add_weight(shape=(), initializer="zeros", name="level")
    def call(self, inputs):
        high = inputs > self.level
        count = tf.math.count_nonzero(high, dtype=tf.float32)
        return tf.where(high, inputs, tf.zeros_like(inputs)) / (1.0 + count)
x = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
y = np.cos(x[:, :1])
border, gain = tf.Variable(0.3), tf.Variable(1.5)
def train(layer):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model.fit(x, y, verbose=0)
# %% a layer that keeps what is near
# fix: none/non-differentiable-op
# becomes: near = tf.sigmoid(10.0 * (self.edge - tf.abs(inputs)))
# becomes: return near * tf.cos(inputs)
history = train(Window())
# %% a layer with two slopes
# fix: none/non-differentiable-op
# becomes: gate = keras.ops.sigmoid(10.0 * (inputs - self.level))
# becomes: return gate * (2.0 * inputs) + (1.0 - gate) * (0.1 * inputs)
history = train(Clipped())
# %% a step of one's own
# fix: none/non-differentiable-op
# becomes: gate = tf.sigmoid(10.0 * (border - x))
# becomes: kept = (1.0 - gate) * (gain * x)
with tf.GradientTape() as tape:
    kept = tf.where(tf.less(x, border), tf.zeros_like(x), gain * x)
    loss = tf.reduce_mean((tf.reduce_sum(kept, axis=1, keepdims=True) - y) ** 2)
grads = tape.gradient(loss, [border, gain])
# %% near: the comparison is used as a bool, too
# none: none/non-differentiable-op
history = train(Counted())
