# %% setup
import numpy as np
import keras
import tensorflow as tf
x, y = tf.random.normal((10, 1)), tf.random.normal((10,))
class Normal:
    def __init__(self, loc, log_scale):
        self.loc, self.scale = loc, 1.0
        self.scale = tf.exp(log_scale)
    def log_prob(self, value):
        return -0.5 * ((value - self.loc) / self.scale) ** 2 - tf.math.log(self.scale)
class Gamma:
    def __init__(self, log_rate, shape):
        self.rate = tf.exp(log_rate)
        self.shape = shape
    def log_prob(self, value):
        return self.shape * tf.math.log(self.rate) - self.rate * value
log_scale = tf.Variable(0.5)
gamma = Gamma(log_rate=log_scale, shape=2.0)
std = tf.exp(log_scale)
def nll(values):
    return tf.reduce_mean(tf.math.log(std) + 0.5 * (values / std) ** 2)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
image = np.ones((2, 4), "float32")
# %% an object of an earlier cell
# fix: none/outside-tape
# becomes: self.log_rate = log_rate
# becomes: def rate(self):
# becomes: return tf.exp(self.log_rate)
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(gamma.log_prob(y))
grad = tape.gradient(loss, log_scale)
# %% a line of an earlier cell
# fix: none/outside-tape
# becomes: std = tf.exp(log_scale)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(y * std)
grad = tape.gradient(loss, [log_scale])
# %% a line of an earlier cell that a function reads
# fix: none/outside-tape
# becomes: def nll(values):
# becomes: std = tf.exp(log_scale)
with tf.GradientTape() as tape:
    loss = nll(y)
grad = tape.gradient(loss, [log_scale])
# %% a source that is made in the gradient call
# fix: none/unused-variable
# becomes: image = tf.convert_to_tensor(image)
# becomes: tape.watch(image)
# becomes: grad = tape.gradient(loss, image)
with tf.GradientTape() as tape:
    tape.watch(tf.convert_to_tensor(image))
    loss = tf.reduce_sum(model(image) ** 2)
grad = tape.gradient(loss, tf.convert_to_tensor(image))
