# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(611)
x, y = tf.random.normal((12, 3)), tf.random.normal((12, 1))
signal, gain = tf.Variable([0.5, -1.2, 2.0]), tf.Variable(1.5, name="gain")
@tf.custom_gradient
def against(h, strength):
    def backward(upstream):
        return -strength * upstream
    return h + 0.0, backward
@tf.custom_gradient
def stepped(values, levels):
    def grad(upstream):
        return upstream
    return tf.round(values * levels) / levels, grad
@tf.custom_gradient
def bounded(values, low, high):
    return tf.identity(values), lambda g: [tf.clip_by_value(g, low, high)]
@tf.custom_gradient
def kept_only(chosen, h):
    def backward(g):
        return g * tf.cast(chosen, g.dtype)
    return h * tf.cast(chosen, h.dtype), backward
@tf.custom_gradient
def gained(h, share):
    def backward(g, variables=None):
        return g * gain * share, [tf.reduce_sum(g * h)]
    return h * gain, backward
@tf.custom_gradient
def joined(a, b):
    def backward(g):
        return g
    return tf.linalg.expm(a) @ tf.linalg.expm(b), backward
class Against(keras.layers.Layer):
    def __init__(self, strength):
        super().__init__()
        self.strength = strength
    def call(self, h):
        return against(h, self.strength)
head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), Against(0.3), keras.layers.Dense(1)])
gates = keras.layers.Dense(3)
gates.build((None, 3))
left, right = tf.Variable(tf.eye(2)), tf.Variable(tf.eye(2) * 0.5)
# %% a reversal in a layer under fit
# fix: error/gradient-shape-mismatch
# becomes: return -strength * upstream, None
head.compile(optimizer="sgd", loss="mse")
head.fit(x, y, epochs=1, verbose=0)
# %% a number of levels
# fix: error/gradient-shape-mismatch
# becomes: return upstream, None
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(stepped(signal, 4) ** 2)
grads = tape.gradient(loss, signal)
# %% bounds in a lambda
# fix: error/gradient-shape-mismatch
# becomes: return tf.identity(values), lambda g: (tf.clip_by_value(g, low, high), None, None)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(bounded(2.0 * signal, -1.0, 1.0) ** 2)
grads = tape.gradient(loss, signal)
# %% what is chosen comes first
# fix: error/gradient-shape-mismatch
# becomes: return None, g * tf.cast(chosen, g.dtype)
with tf.GradientTape() as tape:
    h = gates(x)
    loss = tf.reduce_mean(kept_only(h > 0, h))
grads = tape.gradient(loss, gates.trainable_variables)
# %% in a compiled step
# fix: error/gradient-shape-mismatch
# becomes: return upstream, None
@tf.function
def step(h):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(stepped(gates(h), 8.0) ** 2)
    return tape.gradient(loss, gates.trainable_variables)
grads = step(x)
# %% beside a variable
# fix: error/gradient-shape-mismatch
# becomes: return (g * gain * share, None), [tf.reduce_sum(g * h)]
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(gained(signal, 0.5))
grads = tape.gradient(loss, [signal, gain])
# %% near: both inputs are trained, and no derivative is written
# none: error/gradient-shape-mismatch
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(joined(left, right))
grads = tape.gradient(loss, [left, right])
