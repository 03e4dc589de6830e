# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(9)
def rotated(angles, shifts):
    waves = np.cos(angles + shifts)
    return waves * np.roll(waves, 1, axis=-1)
def sorted_gaps(values):
    order = np.argsort(values, axis=-1)
    return np.interp(values, order[0], values[0])
class Waves(keras.layers.Layer):
    def build(self, shape):
        self.shifts = self.add_weight(shape=(4,), initializer="random_normal", name="shifts")
    def call(self, x):
        turned = np.asarray(x) * 2.0
        made = rotated(turned, np.asarray(self.shifts))
        return tf.convert_to_tensor(made, dtype=tf.float32)
class Wide:
    def __call__(self, values):
        return np.exp(-np.square(values))
class Gaps(keras.layers.Layer):
    def call(self, x):
        found = np.asarray(x)
        return tf.convert_to_tensor(sorted_gaps(found), dtype=tf.float32)
front, back, waves, wide, gaps = keras.layers.Dense(4), keras.layers.Dense(1), Waves(), Wide(), Gaps()
x, y = tf.random.normal((6, 3)), tf.random.normal((6, 1))
back(waves(front(x)))
weights = front.trainable_variables + waves.trainable_variables + back.trainable_variables
ends = front.trainable_variables + back.trainable_variables
# %% two values leave on two lines, for a function that computes in NumPy
# fix: none/left-tensorflow
# becomes: waves = tf.cos(angles + shifts)
# becomes: return waves * tf.roll(waves, 1, axis=-1)
# becomes: turned = tf.convert_to_tensor(x) * 2.0
# becomes: made = rotated(turned, tf.convert_to_tensor(self.shifts))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(back(waves(front(x))) - y))
grads = tape.gradient(loss, weights)
# %% a plain object
# fix: none/left-tensorflow
# becomes: return tf.exp(-tf.square(values))
with tf.GradientTape() as tape:
    hidden = front(x)
    loss = tf.reduce_mean(tf.square(back(wide(hidden)) - y))
grads = tape.gradient(loss, ends)
# %% in a model that keeps the layer
# fix: none/left-tensorflow
# becomes: turned = tf.convert_to_tensor(x) * 2.0
class Dressed(keras.Model):
    def __init__(self):
        super().__init__()
        self.front, self.middle, self.back = front, waves, back
        self.inner = Waves()
    def call(self, x):
        return self.back(self.inner(self.front(x)))
net = Dressed()
net(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x) - y))
grads = tape.gradient(loss, ends)
# %% a function without a counterpart
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(back(gaps(front(x))) - y))
grads = tape.gradient(loss, ends)
