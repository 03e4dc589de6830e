# %% setup
import numpy as np
import tensorflow as tf
volts = np.array([-12.0, -6.0, 6.0, 12.0], "float32")
force = np.array([-9.0, -5.0, 5.0, 9.0], "float32")
heights, temperatures = [0, 1, 4], [15.0, 8.5, -11.0]
def motor(u):
    return np.interp(u, volts, force).astype("float32")
class Air:
    def __init__(self):
        self.at, self.is_ = np.linspace(0.0, 4.0, 5), np.array([1.2, 1.1, 1.0, 0.9, 0.8])
    def density(self, height):
        return 1.0 + 2.0 * np.interp(x=height, xp=self.at, fp=self.is_) ** 2
air = Air()
plan = tf.Variable([3.0, -7.0, 1.0], name="plan")
curve = tf.Variable([0.0, 2.0, 3.0], name="curve")
# %% a map behind a cast
# fix: none/left-tensorflow
# becomes: return tf.cast(force[0] + tf.reduce_sum(np.diff(force) / np.diff(volts) * tf.clip_by_value(tf.expand_dims(u, -1) - volts[:-1], 0.0, np.diff(volts)), axis=-1), "float32")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((motor(plan) - 1.0) ** 2)
grad = tape.gradient(loss, plan)
# %% attributes and keywords in a larger expression
# fix: none/left-tensorflow
# becomes: return 1.0 + 2.0 * (self.is_[0] + tf.reduce_sum(np.diff(self.is_) / np.diff(self.at) * tf.clip_by_value(tf.expand_dims(height, -1) - self.at[:-1], 0.0, np.diff(self.at)), axis=-1)) ** 2
with tf.GradientTape() as tape:
    loss = tf.cast(tf.reduce_sum(air.density(plan)), "float32")
grad = tape.gradient(loss, plan)
# %% lists of numbers in the cell
# fix: none/left-tensorflow
# becomes: found = tf.convert_to_tensor(temperatures[0] + tf.reduce_sum(np.diff(temperatures) / np.diff(heights) * tf.clip_by_value(tf.expand_dims(plan, -1) - heights[:-1], 0.0, np.diff(heights)), axis=-1), tf.float32)
with tf.GradientTape() as tape:
    found = tf.convert_to_tensor(np.interp(plan, heights, temperatures), tf.float32)
    loss = tf.reduce_sum(found**2)
grad = tape.gradient(loss, plan)
# %% a table that is to be learned is none
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    read = np.interp([0.5, 1.5], [0.0, 1.0, 2.0], curve).astype("float32")
    loss = tf.reduce_sum(tf.constant(read) ** 2)
grad = tape.gradient(loss, curve)
# %% other values at the ends
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.constant(np.interp(plan, volts, force, left=0.0)) ** 2)
grad = tape.gradient(loss, plan)
