import numpy as np
import tensorflow as tf
import keras
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
optimizer = keras.optimizers.SGD(0.1)
x = tf.random.normal((8, 4))
y = tf.random.normal((8, 1))

class Gated(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.gate = keras.layers.Dense(4)

    def call(self, inputs):
        return inputs * tf.stop_gradient(self.gate(inputs))  # expect: none/stop-gradient

gated = keras.Sequential([keras.Input((4,)), Gated(), keras.layers.Dense(1)])
# %% scalars
with tf.GradientTape() as tape:
    loss = w * tf.stop_gradient(b)  # expect: none/stop-gradient
grads = tape.gradient(loss, [w, b])
# %% keras ops
with tf.GradientTape() as tape:
    loss = w * keras.ops.stop_gradient(b)  # expect: none/stop-gradient
grads = tape.gradient(loss, [w, b])
# %% layer of an earlier cell, expect setup
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((gated(x) - y) ** 2)
grads = tape.gradient(loss, gated.trainable_variables)
# %% inside a tf.function
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = w * tf.stop_gradient(b)  # expect: none/stop-gradient
    grads = tape.gradient(loss, [w, b])
    return grads[0]
step()
# %% tape in a function with autograph
@tf.function
def train(flag):
    with tf.GradientTape() as tape:
        if flag:
            loss = w * tf.stop_gradient(b)  # expect: none/stop-gradient
        else:
            loss = w * 2.0
    grads = tape.gradient(loss, [w, b])
    return grads[0]
train(tf.constant(True))
# %% function called under a tape
@tf.function
def predict(v):
    return tf.round(w * v)  # expect: none/non-differentiable-op
with tf.GradientTape() as tape:
    loss = predict(tf.constant(3.0)) * 2.0
grad = tape.gradient(loss, w)
# %% fit with a detached layer, expect setup
gated.compile("sgd", "mse")
gated.fit(x, y, verbose=0)
# %% float
with tf.GradientTape() as tape:
    scale = float(w * 2.0)  # expect: none/left-tensorflow
    loss = b * scale
grads = tape.gradient(loss, [w, b])
# %% numpy function
with tf.GradientTape() as tape:
    h = w * b
    e = np.exp(h)  # expect: none/left-tensorflow
    loss = tf.constant(e) * 2.0
grad = tape.gradient(loss, w)
# %% numpy_function
with tf.GradientTape() as tape:
    h = tf.numpy_function(np.square, [w * 1.0], tf.float32)  # expect: none/left-tensorflow
    loss = h * 2.0
grad = tape.gradient(loss, w)
# %% outside
h = w * 3.0  # expect: none/outside-tape
with tf.GradientTape() as tape:
    loss = h * b
grads = tape.gradient(loss, [w, b])
# %% stop recording
with tf.GradientTape() as tape:
    with tape.stop_recording():
        h = w * 3.0  # expect: none/outside-tape
    loss = h * b
grads = tape.gradient(loss, [w, b])
# %% watched too late for a constant
c = tf.constant(3.0)
with tf.GradientTape() as tape:  # expect: none/not-watched
    z = c * c
g = tape.gradient(z, c)
# %% replaced variable
v = tf.Variable(1.0)
for i in range(3):
    with tf.GradientTape() as tape:
        loss = v * v
    g = tape.gradient(loss, v)
    if g is not None:
        v = v - 0.1 * g  # expect: none/variable-replaced
# %% a branch in python
use_b = False
with tf.GradientTape() as tape:
    loss = w * 2.0
    if use_b:  # expect: none/branch-not-taken
        loss = loss + b
grads = tape.gradient(loss, [w, b])
# %% assign
store = tf.Variable(0.0)
with tf.GradientTape() as tape:
    store.assign(w * 2.0)  # expect: none/state-assignment
    loss = store * b
grads = tape.gradient(loss, [w, b])
# %% zipped out of order
with tf.GradientTape() as tape:
    loss = w * w + 3.0 * b
grads = tape.gradient(loss, [w, b])
optimizer.build([w, b])
optimizer.apply_gradients(zip(grads, [b, w]))  # expect: step/gradients-zipped-out-of-order
# %% numeric integers
k = tf.range(4)
with tf.GradientTape() as tape:
    tape.watch(k)
    s = tf.reduce_sum(k * k)
g = tape.gradient(s, k)  # expect: none/non-float-dtype
# %% second call of a persistent tape
with tf.GradientTape(persistent=True) as tape:
    u = w * b
    z = tf.stop_gradient(u) * b  # expect: none/stop-gradient
good = tape.gradient(u, [w, b])
bad = tape.gradient(z, [w, b])
# %% setup
import tensorflow as tf
w, unused = tf.Variable([1.0, 2.0], name="w"), tf.Variable(0.5, name="unused")
opt = tf.keras.optimizers.Adam(0.1)

@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(w * x - 1.0))
        if tf.reduce_sum(x) > 1e6:
            loss = loss * 0.5
    grads = tape.gradient(loss, [w, unused])  # status: ok none
    opt.apply_gradients((g, v) for g, v in zip(grads, [w, unused]) if g is not None)
    return loss
losses = [float(step(tf.constant([1.0, 2.0]))) for _ in range(2)]
# %% traced in an earlier cell
# allow: none/unused-variable
losses = [float(step(tf.constant([1.0, 2.0]))) for _ in range(2)]
# %% setup
import tensorflow as tf
w = tf.Variable([1.0, 0.0, 2.0], name="w")
x = tf.constant([1.0, 2.0, 3.0])

@tf.function
def steep(x):
    h = x * w
    s = tf.sqrt(h)  # expect: nonfinite/infinite-derivative
    return tf.reduce_sum(s * 3.0)
# %% an infinite slope in a function that a tape sees as one
with tf.GradientTape() as tape:
    loss = steep(x)
grad = tape.gradient(loss, w)
# %% setup
import tensorflow as tf
w = tf.Variable([1.0, 0.0, 2.0], name="w")
x = tf.constant([1.0, 2.0, 3.0])

@tf.function
def off(x):
    h = x * w - 100.0
    s = tf.nn.relu(h)  # expect: zero/dead-activation
    return tf.reduce_sum(s * 3.0)
# %% a dead unit in a function, under a persistent tape
with tf.GradientTape(persistent=True) as tape:
    loss = off(x)
first, second = tape.gradient(loss, w), tape.gradient(loss, w)
# %% setup
import tensorflow as tf
w = tf.Variable([1.0, 0.0, 2.0], name="w")
x = tf.constant([1.0, 2.0, 3.0])

@tf.function
def bad(x):
    h = x * w
    return tf.reduce_sum(tf.math.log(h))  # expect: nonfinite/invalid-forward-value
# %% a logarithm of zero in a function
with tf.GradientTape() as tape:
    loss = bad(x)
grad = tape.gradient(loss, w)
# %% setup
import tensorflow as tf
w = tf.Variable([1.0, 0.0, 2.0], name="w")
x = tf.constant([1.0, 2.0, 3.0])

@tf.function
def inner(h):
    return tf.sqrt(h - 1.0)  # expect: nonfinite/infinite-derivative

@tf.function
def outer(x):
    total = tf.constant(0.0)
    for i in tf.range(1, 4):
        total += tf.cast(i, tf.float32) * tf.reduce_sum(inner(x * w + 1.0))
    return total
# %% a function in a loop of another, in a tape
with tf.GradientTape() as tape:
    loss = outer(x)
grad = tape.gradient(loss, w)
# %% setup
import tensorflow as tf
w = tf.Variable([1.0, 0.0, 2.0], name="w")
x = tf.constant([1.0, 2.0, 3.0])

import keras
keras.utils.set_random_seed(5)
data = tf.random.normal((12, 4))
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6), keras.layers.BatchNormalization(), keras.layers.Dropout(0.4), keras.layers.Dense(1)])

@tf.function
def spread(data):
    predicted = net(data, training=True)
    distance = tf.norm(predicted - tf.identity(predicted), axis=1)  # expect: nonfinite/infinite-derivative
    return tf.reduce_mean(distance)
# %% behind dropout and statistics that the function writes
with tf.GradientTape() as tape:
    loss = spread(data)
grads = tape.gradient(loss, net.trainable_variables)
# %% setup
import tensorflow as tf
x = tf.ones((3, 8))
near, far = (tf.Variable(scale * tf.random.stateless_normal((8, 8), (1, seed))) for scale, seed in ((1.0, 2), (0.1, 3)))
small = tf.Variable(0.5, name="small")

@tf.function
def first(x):
    return tf.tanh(tf.matmul(x, far))

@tf.function
def deep(x):
    for _ in range(8):
        x = tf.matmul(x, near) * 3.0  # expect: scale/exploding-through-depth
    return x

@tf.function
def rollout(v):
    state = tf.constant([1.0, 1.0])
    for _ in tf.range(70):
        state = state * 1.2 + v * state[::-1]  # also: scale/exploding-through-depth
    return state
# %% growing through two functions under one tape
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(deep(0.1 * first(x)))
grads = tape.gradient(loss, [near, far])
# %% growing through a loop of a function
# expect setup
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(rollout(small))
grad = tape.gradient(loss, small)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(5)
w = tf.Variable([1.0, 0.0, 2.0], name="w")
x = tf.constant([1.0, 2.0, 3.0])
lstm, dense = keras.layers.LSTM(4), keras.layers.Dense(1)

def root(h):
    return tf.sqrt(h)  # expect: nonfinite/infinite-derivative

@tf.custom_gradient
def doubled(h):
    return h * 2.0, lambda upstream: upstream * 2.0

@tf.function(jit_compile=True)
def with_xla(x):
    return tf.reduce_sum(root(x * w))

@tf.function
def with_noise(x):
    return tf.reduce_sum(root(x * w) * (2.0 + tf.random.uniform((3,))))

@tf.function
def with_custom_gradient(x):
    return tf.reduce_sum(root(doubled(x * w)))

@tf.function
def with_branch(x):
    h = x * w
    if tf.reduce_sum(h) > 0.0:
        h = root(h)
    return tf.reduce_sum(h)

@tf.function
def with_map(x):
    return tf.reduce_sum(tf.map_fn(root, x * w))

@tf.function
def with_recurrence(x):
    return tf.reduce_sum(root(dense(lstm(x)) * 0.0))
# %% a slope in a function compiled by XLA, under a tape
with tf.GradientTape() as tape:
    loss = with_xla(x)
grad = tape.gradient(loss, w)
# %% a slope beside random numbers, under a tape
with tf.GradientTape() as tape:
    loss = with_noise(x)
grad = tape.gradient(loss, w)
# %% a slope behind a custom gradient in a function, under a tape
with tf.GradientTape() as tape:
    loss = with_custom_gradient(x)
grad = tape.gradient(loss, w)
# %% a slope in a branch of a function, under a tape
with tf.GradientTape() as tape:
    loss = with_branch(x)
grad = tape.gradient(loss, w)
# %% a slope in map_fn of a function, under a tape
with tf.GradientTape() as tape:
    loss = with_map(x)
grad = tape.gradient(loss, w)
# %% a slope behind a recurrence in a function, under a tape
with tf.GradientTape() as tape:
    loss = with_recurrence(tf.ones((2, 5, 3)))
grads = tape.gradient(loss, lstm.trainable_variables)
# %% a function with a loop under two tapes
@tf.function
def headings(path):
    total, last = 0.0, 0.0
    for i in tf.range(3):
        step = path[i + 1] - path[i]
        now = tf.atan2(step[1], step[0])  # expect: nonfinite/infinite-derivative
        total += tf.square(now - last)
        last = now
    return total
path = tf.Variable([[0.0, 0.0], [1.0, 0.5], [1.0, 0.5], [2.0, 2.0]], name="path")
with tf.GradientTape() as outer, tf.GradientTape(persistent=True) as tape:
    loss = headings(path)
grad = tape.gradient(loss, path)  # status: nan
# %% a tape that a gradient function asks
field = tf.Variable(tf.random.normal((3, 3)), name="field")
start = tf.Variable([[0.5, -0.2, 1.0]], name="start")
@tf.custom_gradient
def settle(z):
    def grad(upstream, variables=None):
        with tf.GradientTape() as inner:
            inner.watch(z)
            moved = tf.tanh(tf.stop_gradient(z) @ field)  # expect: none/stop-gradient
        back, *rest = inner.gradient(moved, [z, *variables], output_gradients=upstream)  # status: none ok
        return upstream if back is None else back, rest
    return tf.tanh(z @ field), grad
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(settle(start) ** 2)
grads = tape.gradient(loss, [start, field])  # status: ok ok
