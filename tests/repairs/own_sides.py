# %% setup
import keras
import tensorflow as tf
from keras import ops
SPLIT = 0.0
def focal(e):
    """The anomaly of an ellipse, and of a hyperbola."""
    return tf.where(e < 1.0, tf.acos(e), tf.acosh(e))
def below(z):
    return (tf.cosh(tf.sqrt(-z)) - 1.0) / -z
def above(z):
    root = tf.sqrt(z)
    return (1.0 - tf.cos(root)) / z
def stumpff(z):
    positive = z > SPLIT
    # one for each sign
    c = tf.where(positive, above(z), below(z))
    return tf.reduce_sum(c)
class Chebyshev(keras.layers.Layer):
    def __init__(self, degree):
        super().__init__()
        self.degree = degree
        self.scale = self.add_weight(shape=(), initializer="ones")
    def call(self, inputs):
        v = inputs * self.scale
        near = ops.cos(self.degree * ops.arccos(v))
        far = ops.cosh(self.degree * ops.arccosh(v))
        return ops.where(ops.abs(v) < 1.0, near, far)
def clipped_logit(p, top=0.0):
    raw = tf.atanh(p)
    return tf.where(tf.less(p, 1.0), raw, top)
def shared(x):
    inverse = 1.0 / x
    inside = tf.acosh(inverse)
    outside = tf.acos(inverse)
    return tf.where(x < 1.0, inside, outside)
def told(x):
    inside = tf.acosh(1.0 / x)
    outside = tf.acos(1.0 / x)
    return tf.where(x < 1.0, inside, outside), outside
def of_another(x, r):
    return tf.where(r < 1.0, tf.acosh(1.0 / x), tf.acos(1.0 / x))
# %% in the call
# fix: nonfinite/where-trap
# becomes: e_picked = tf.where(e < 1.0, e, 0.5)
# becomes: e_other = tf.where(e < 1.0, 2.0, e)
# becomes: return tf.where(e < 1.0, tf.acos(e_picked), tf.acosh(e_other))
orbit = tf.Variable([0.2, 0.9, 1.4], dtype=tf.float64)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(focal(orbit))
grad = tape.gradient(loss, orbit)
# %% functions of one's own, and a mask with a name
# fix: nonfinite/where-trap
# becomes: z_picked = tf.where(positive, z, 0.5)
# becomes: z_other = tf.where(positive, -0.5, z)
# becomes: c = tf.where(positive, above(z_picked), below(z_other))
time = tf.Variable([0.3, -2.0, 4.0])
with tf.GradientTape() as tape:
    loss = stumpff(time * 1.1)
grad = tape.gradient(loss, time)
# %% a layer in keras.ops
# fix: nonfinite/where-trap
# becomes: v_near = ops.where(ops.abs(v) < 1.0, v, 0.5)
# becomes: v_far = ops.where(ops.abs(v) < 1.0, 2.0, v)
# becomes: near = ops.cos(self.degree * ops.arccos(v_near))
# becomes: far = ops.cosh(self.degree * ops.arccosh(v_far))
layer = Chebyshev(3.0)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(layer(tf.constant([0.1, 0.7, 1.3])) ** 2)
grads = tape.gradient(loss, layer.trainable_variables)
# %% a function that is steep at 1 itself
# fix: nonfinite/where-trap
# becomes: p_raw = tf.where(tf.less(p, 1.0), p, 0.5)
# becomes: raw = tf.atanh(p_raw)
chance = tf.Variable([0.2, 0.5, 1.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(clipped_logit(chance))
grad = tape.gradient(loss, chance)
# %% compiled
# fix: nonfinite/where-trap
# becomes: r_other = tf.where(r > 1.0, 0.5, r)
orbit = tf.Variable([0.2, 0.9, 1.4])
@tf.function
def step(r):
    with tf.GradientTape() as tape:
        tape.watch(r)
        loss = tf.reduce_sum(tf.where(r > 1.0, r ** 2, tf.math.log(1.0 - r) / tf.sqrt(1.0 - r)))
    return tape.gradient(loss, r)
grad = step(orbit)
# %% near: one function, for which any number does
# fix: nonfinite/where-trap
# becomes: loss = tf.reduce_sum(tf.where(rate > 0.0, tf.math.log(tf.where(rate > 0.0, rate, 1.0)), 0.0))
rate = tf.Variable([2.0, 0.0, 4.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(rate > 0.0, tf.math.log(rate), 0.0))
grad = tape.gradient(loss, rate)
# %% near: both sides are made of one line
# dropped: nonfinite/where-trap
x = tf.Variable([0.5, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(shared(x))
grad = tape.gradient(loss, x)
# %% near: one of them is read besides
# dropped: nonfinite/where-trap
x = tf.Variable([0.5, 2.0])
with tf.GradientTape() as tape:
    both, outside = told(x)
    loss = tf.reduce_sum(both) + 0.0 * outside[1]
grad = tape.gradient(loss, x)
# %% near: a mask that asks about another value
# dropped: nonfinite/where-trap
x = tf.Variable([0.5, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(of_another(x, tf.constant([0.5, 2.0])))
grad = tape.gradient(loss, x)
