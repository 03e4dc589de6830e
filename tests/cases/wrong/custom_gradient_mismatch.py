import tensorflow as tf
x = tf.Variable([1.0, 2.0], name="x")

@tf.custom_gradient
def right(x):
    return x ** 2, lambda dy: 2.0 * x * dy
# %% --numeric: a factor is missing
@tf.custom_gradient
def square(x):
    def grad(dy):
        return dy  # expect: wrong/custom-gradient-mismatch
    return x ** 2, grad
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(square(x))
grad = tape.gradient(loss, x)
# %% --numeric: half of it
@tf.custom_gradient
def cube(x):
    def grad(dy):
        return 1.5 * x ** 2 * dy  # expect: wrong/custom-gradient-mismatch
    return x ** 3, grad
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(cube(x))
grad = tape.gradient(loss, x)
# %% --numeric, near: right
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(right(x))
grad = tape.gradient(loss, x)
# %% --numeric, near: a straight-through estimator is a note
@tf.custom_gradient
def rounded(x):
    return tf.round(x), lambda dy: dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(rounded(x * 1.3))
grad = tape.gradient(loss, x)
# %% --numeric, near: a reversal is a note
@tf.custom_gradient
def reverse(x):
    return tf.identity(x), lambda dy: -dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(reverse(x * 1.3))
grad = tape.gradient(loss, x)
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(5)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
w = tf.Variable([[0.4, -0.7, 1.1]], name="w")
def net_of(f):
    class Custom(layers.Layer):
        def call(self, h):
            return f(h)
    net = keras.Sequential([keras.Input((3,)), layers.Dense(4), Custom(), layers.Dense(1)])
    net.compile("sgd", "mse")
    return net
# %% --numeric a wrong factor inside tf.function
@tf.custom_gradient
def mish(v):
    s = tf.math.softplus(v)
    def grad(dy):
        return dy * tf.tanh(s)  # expect: wrong/custom-gradient-mismatch
    return v * tf.tanh(s), grad
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(mish(x * w) ** 2)  # also: wrong/custom-gradient-mismatch
    return tape.gradient(loss, [w])
grads = step()
# %% --numeric a wrong sign inside a function that a tape calls
@tf.custom_gradient
def barrier(v):
    return -tf.math.log(1.0 + v ** 2), lambda dy: 2.0 * dy * v / (1.0 + v ** 2)  # expect: wrong/custom-gradient-mismatch
@tf.function
def cost(v):
    return tf.reduce_sum(barrier(v * x))  # also: wrong/custom-gradient-mismatch
with tf.GradientTape() as tape:
    loss = cost(w * 1.0)
grad = tape.gradient(loss, w)
# %% --numeric a missing sum inside tf.function
@tf.custom_gradient
def scaled(h, gain):
    return h * gain, lambda dy: (dy * gain, tf.reduce_sum(dy, axis=0))  # expect: wrong/custom-gradient-mismatch
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(scaled(x, w[0]) ** 2)  # also: wrong/custom-gradient-mismatch
    return tape.gradient(loss, w)
grad = step()
# %% --numeric a wrong factor inside fit
@tf.custom_gradient
def gelu(v):
    p = tf.sigmoid(1.702 * v)
    return v * p, lambda dy: dy * (p + v * p * (1.0 - p))  # expect: wrong/custom-gradient-mismatch
net = net_of(gelu)
h = net.fit(x, y, epochs=2, verbose=0)
# %% --numeric a stale value inside fit
@tf.custom_gradient
def centred(v):
    return (v - 0.5) ** 2, lambda dy: 2.0 * dy * v  # expect: wrong/custom-gradient-mismatch
net = net_of(centred)
h = net.fit(x, y, epochs=1, verbose=0)
# %% near --numeric right ones in fit
@tf.custom_gradient
def swish(v):
    p = tf.sigmoid(v)
    return v * p, lambda dy: dy * (p + v * p * (1.0 - p))
net = net_of(swish)
h = net.fit(x, y, epochs=2, verbose=0)  # status: ok ok ok ok
# %% near --numeric right ones in tf.function
@tf.custom_gradient
def log1pexp(v):
    e = tf.exp(v)
    return tf.math.log(1.0 + e), lambda dy: dy * (1.0 - 1.0 / (1.0 + e))
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(log1pexp(x * w))
    return tape.gradient(loss, [w])  # status: ok
grads = step()
# %% near --numeric straight-through in fit
@tf.custom_gradient
def ternary(v):
    return tf.round(tf.clip_by_value(v, -1.0, 1.0)), lambda dy: dy * tf.cast(tf.abs(v) <= 1.0, tf.float32)  # note: wrong/custom-gradient-mismatch
net = net_of(ternary)
h = net.fit(x, y, epochs=1, verbose=0)  # status: ok ok ok ok
# %% near --numeric gradient reversal in tf.function
@tf.custom_gradient
def reverse(v):
    return tf.identity(v), lambda dy: -0.5 * dy  # note: wrong/custom-gradient-mismatch
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(reverse(x * w) ** 2)
    return tape.gradient(loss, w)  # status: ok
grad = step()
# %% near --numeric clipping in tf.function
@tf.custom_gradient
def held(v):
    return tf.identity(v), lambda dy: tf.clip_by_norm(dy, 1.0)  # note: wrong/custom-gradient-mismatch
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(held(x * w) ** 2)
    return tape.gradient(loss, w)  # status: ok
grad = step()
