import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x, y = tf.random.normal((32, 8)), tf.random.normal((32, 1))

def deep(activation, init, depth=20):
    stack = [layers.Dense(16, activation=activation, kernel_initializer=init) for _ in range(depth)]  # expect: scale/vanishing-through-depth
    return keras.Sequential([keras.Input((8,)), *stack, layers.Dense(1)])

net = deep("sigmoid", keras.initializers.RandomNormal(stddev=0.3, seed=1))
# %% sigmoid stack, own loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)  # also: scale/vanishing-through-depth
grads = tape.gradient(loss, net.trainable_variables)
# %% sigmoid stack, fit
# allow: step/update-without-effect
net.compile("sgd", "mse")
net.fit(x, y, verbose=0)  # also: scale/vanishing-through-depth
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(2)
x, y = tf.random.normal((32, 8)), tf.random.normal((32, 1))
# %% tanh stack with small weights by hand
ws = [tf.Variable(0.05 * tf.random.normal((8, 8), seed=i), name=f"w{i}") for i in range(12)]
with tf.GradientTape() as tape:
    h = x
    for w in ws:
        h = tf.tanh(h @ w)  # expect: scale/vanishing-through-depth
    loss = tf.reduce_mean(tf.abs(h - y))
grads = tape.gradient(loss, ws)
# allow: zero/underflow
# %% linear stack with large weights
ws = [tf.Variable(4.0 * tf.random.normal((8, 8), seed=i), name=f"w{i}") for i in range(12)]
with tf.GradientTape() as tape:
    h = x
    for w in ws:
        h = h @ w  # expect: scale/exploding-through-depth
    loss = tf.reduce_mean(tf.abs(h - y))
grads = tape.gradient(loss, ws)
# %% recurrent weights over one, through time
u = tf.Variable(2.5 * tf.eye(4), name="u")
k = tf.Variable(tf.random.normal((8, 4), seed=3), name="k")
@tf.function
def step():
    with tf.GradientTape() as tape:
        h = tf.zeros((32, 4))
        for t in tf.range(40):
            h = h @ u + x @ k  # expect: scale/exploding-through-depth
        loss = tf.reduce_mean(h ** 2)
    return tape.gradient(loss, [u, k])  # also: scale/exploding-through-depth
grads = step()
# %% normalising a vector of nearly zero length
v = tf.Variable([1e-9, 0.0, 0.0], name="v")
with tf.GradientTape() as tape:
    unit = v / (tf.norm(v) + 1e-12)  # expect: scale/near-singular
    loss = tf.reduce_sum(unit * tf.constant([1.0, 2.0, 3.0]))
grad = tape.gradient(loss, v)  # status: exploding
# %% l2 normalise of zeros
v = tf.Variable([0.0, 0.0, 0.0], name="v")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.l2_normalize(v) * tf.constant([1.0, 2.0, 3.0]))  # expect: scale/near-singular
grad = tape.gradient(loss, v)  # status: exploding
# %% a division by a tiny spread
v = tf.Variable([1.0, 1.0 + 1e-6, 1.0], name="v")
with tf.GradientTape() as tape:
    spread = tf.math.reduce_std(v) + 1e-12
    loss = tf.reduce_sum(((v - tf.reduce_mean(v)) / spread) * tf.constant([1.0, 2.0, 3.0]))  # expect: scale/near-singular
grad = tape.gradient(loss, v)  # status: exploding
# %% raw data and a summed loss
raw, goal = tf.random.uniform((64, 8), 0.0, 1e5), tf.random.uniform((64, 1), 0.0, 1e6)  # also: scale/unscaled-loss-or-data
model = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((model(raw) - goal) ** 2)  # expect: scale/unscaled-loss-or-data
grads = tape.gradient(loss, model.trainable_variables)
# %% raw data, fit
raw, goal = tf.random.uniform((64, 8), 0.0, 1e5), tf.random.uniform((64, 1), 0.0, 1e6)  # also: scale/unscaled-loss-or-data
model = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(raw, goal, epochs=1, batch_size=64, verbose=0)  # expect: scale/unscaled-loss-or-data
# allow: step/update-destroys-weights nonfinite/overflow nonfinite/bad-variable-value
# %% a constant of the wrong unit
w = tf.Variable(2.0, name="w")
with tf.GradientTape() as tape:
    loss = 1e12 * (w * 3.0 - 1.0) ** 2  # expect: scale/unscaled-loss-or-data
grad = tape.gradient(loss, w)  # status: exploding
# %% near: a deep residual net
net = keras.Sequential([keras.Input((8,)), *[layers.Dense(8, activation="relu", kernel_initializer="he_normal") for _ in range(8)], layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # status: ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok
# %% near: a summed loss over a batch
net = keras.Sequential([keras.Input((8,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((net(x) - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # status: ok ok ok ok
# %% near: small but alive
w = tf.Variable(2.0, name="w")
with tf.GradientTape() as tape:
    loss = 1e-6 * (w - 1.0) ** 2
grad = tape.gradient(loss, w)  # status: ok
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
w = tf.Variable([0.5, -1.5], name="w")
# %% --numeric a custom gradient without its factor
@tf.custom_gradient
def cube(v):
    return v ** 3, lambda dy: dy * v ** 2  # expect: wrong/custom-gradient-mismatch
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(cube(w * 1.0))  # also: wrong/custom-gradient-mismatch
grad = tape.gradient(loss, w)
# %% --numeric a custom gradient of the wrong sign, compiled
@tf.custom_gradient
def decay(v):
    out = tf.exp(-v)
    return out, lambda dy: dy * out  # expect: wrong/custom-gradient-mismatch
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(decay(w * 1.0))  # also: wrong/custom-gradient-mismatch
    return tape.gradient(loss, w)
step()
# %% --numeric a dense layer without the sum over the batch
@tf.custom_gradient
def add_bias(h, b):
    return h + b, lambda dy: (dy, dy[0])  # expect: wrong/custom-gradient-mismatch
x = tf.random.normal((4, 2))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(add_bias(x, w * 1.0) ** 2)  # also: wrong/custom-gradient-mismatch
grad = tape.gradient(loss, w)
# %% near --numeric a custom gradient that is right
@tf.custom_gradient
def cube(v):
    return v ** 3, lambda dy: 3.0 * dy * v ** 2
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(cube(w * 1.0))
grad = tape.gradient(loss, w)  # status: ok
# %% near --numeric gradient reversal
@tf.custom_gradient
def reverse(v):
    return tf.identity(v), lambda dy: -dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(reverse(w * 1.0) ** 2)
grad = tape.gradient(loss, w)  # status: ok
# %% near --numeric a kink
k = tf.Variable([0.0, 1.0], name="k")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.abs(k) + tf.nn.relu(k))
grad = tape.gradient(loss, k)  # status: ok
# %% setup
import tensorflow as tf
w = tf.Variable([0.5, -1.5], name="w")
# %% file kernels.py
import tensorflow as tf

@tf.custom_gradient
def softsign(v):
    def grad(dy):
        return dy / (1.0 + tf.abs(v))  # expect: wrong/custom-gradient-mismatch
    return v / (1.0 + tf.abs(v)), grad  # also: wrong/custom-gradient-mismatch
# %% --numeric a custom gradient in an imported file
from kernels import softsign
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(softsign(w * 1.0))  # also: wrong/custom-gradient-mismatch
grad = tape.gradient(loss, w)
