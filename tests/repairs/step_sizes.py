# %% setup
import tensorflow as tf
scale = tf.Variable([2.0, 3.0], name="scale")
place = tf.constant([1.0, 4.0])
wide, far = tf.Variable([2.0, 3.0], dtype=tf.float64), tf.constant([1000.0, 4000.0])
def slope(f, at, h=1e-9):
    return (f(at + h) - f(at)) / h
# %% the step is the default of a parameter
# fix: zero/underflow
# becomes: def slope(f, at, h=1e-3):
# gone: def slope(f, at, h=1e-9):
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(slope(lambda t: tf.sin(scale * t), place) + 2.0)
grad = tape.gradient(loss, scale)
# %% the step has a name, and the values are large
# fix: zero/underflow
# becomes: epsilon = 1e0
epsilon = 1e-6
with tf.GradientTape() as tape:
    ahead, here = tf.cos(scale / 1000.0 * (far + epsilon)), tf.cos(scale / 1000.0 * far)
    loss = tf.reduce_sum((ahead - here) / epsilon)
grad = tape.gradient(loss, scale)
# %% float64
# fix: zero/underflow
# becomes: loss = tf.reduce_sum((tf.exp(wide + 1e-6) - tf.exp(wide)) / 1e-6)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((tf.exp(wide + 1e-18) - tf.exp(wide)) / 1e-18)
grad = tape.gradient(loss, wide)
