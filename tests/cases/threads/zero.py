import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x = tf.random.uniform((16, 4))
y = tf.random.uniform((16, 1))
w = tf.Variable([1.0, -2.0, 3.0], name="w")

def dead():
    model = keras.Sequential([
        keras.Input((4,)),
        layers.Dense(6, activation="relu", bias_initializer=keras.initializers.Constant(-50.0)),  # expect: zero/dead-activation
        layers.Dense(1),
    ])
    return model

model = dead()
# %% relu units that are all off, own loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)  # also: zero/dead-activation
grads = tape.gradient(loss, model.trainable_variables)  # status: zero zero zero ok
# %% relu units that are all off, fit
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)  # status: zero zero zero ok # also: zero/dead-activation
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x = tf.random.uniform((16, 4))
y = tf.random.uniform((16, 1))
w = tf.Variable([1.0, -2.0, 3.0], name="w")
# %% relu of a negative number, compiled
@tf.function
def step():
    with tf.GradientTape() as tape:
        h = tf.nn.relu(-tf.reduce_sum(w ** 2))  # expect: zero/dead-activation
        loss = (h - 1.0) ** 2
    grad = tape.gradient(loss, w)  # status: zero
    return grad
step()
# %% relu6 over its ceiling
with tf.GradientTape() as tape:
    h = tf.nn.relu6(w * w + 10.0)  # expect: zero/saturated-activation or zero/clipped or zero/dead-activation
    loss = tf.reduce_sum(h)
grad = tape.gradient(loss, w)  # status: zero
# %% sigmoid far out
with tf.GradientTape() as tape:
    p = tf.sigmoid(w * 100.0 + 500.0)  # expect: zero/saturated-activation
    loss = tf.reduce_mean((p - 0.0) ** 2)
grad = tape.gradient(loss, w)  # status: zero
# %% tanh of raw pixels
pixels = tf.random.uniform((8, 4), 100.0, 255.0)
kernel = tf.Variable(tf.ones((4, 3)), name="kernel")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.tanh(pixels @ kernel))  # expect: zero/saturated-activation
grad = tape.gradient(loss, kernel)  # status: zero
# %% hard sigmoid
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(keras.activations.hard_sigmoid(w * w + 20.0))  # expect: zero/saturated-activation or zero/clipped or zero/dead-activation
grad = tape.gradient(loss, w)  # status: zero
# %% softmax over one unit, own loop
net = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(1, activation="softmax")])  # expect: zero/single-unit-softmax
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((tf.round(y) - net(x)) ** 2)  # also: zero/single-unit-softmax
grads = tape.gradient(loss, net.trainable_variables)  # status: zero zero zero zero
# %% softmax over one unit, fit
net = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(1, activation="softmax")])  # expect: zero/single-unit-softmax
net.compile("adam", "mse")
net.fit(x, tf.round(y), verbose=0)  # status: zero zero zero zero # also: zero/single-unit-softmax
# %% softmax over the wrong axis
one = x[:1]
dense = layers.Dense(3)
with tf.GradientTape() as tape:
    probs = tf.nn.softmax(dense(one), axis=0)  # expect: zero/single-unit-softmax
    loss = -tf.reduce_mean(tf.math.log(probs[:, 1]))
grads = tape.gradient(loss, dense.trainable_variables)  # status: zero zero
# %% sample weights that are all zero, fit
net = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(1)])
net.compile("sgd", "mse")
net.fit(x, y, sample_weight=np.zeros(16), verbose=0)  # status: zero zero zero zero # expect: zero/masked-out
# %% padding mask inverted
tokens = tf.constant([[3, 5, 2, 7]])
table = tf.Variable(tf.random.normal((10, 2)), name="table")
with tf.GradientTape() as tape:
    vectors = tf.gather(table, tokens)
    mask = tf.cast(tf.equal(tokens, 0), tf.float32)
    loss = tf.reduce_sum(tf.reduce_sum(vectors, axis=-1) * mask)  # expect: zero/masked-out
grad = tape.gradient(loss, table)  # status: zero
# %% a weight of the loss that is zero
alpha = 0.0
with tf.GradientTape() as tape:
    loss = alpha * tf.reduce_sum(w ** 2)  # expect: zero/masked-out
grad = tape.gradient(loss, w)  # status: zero
# %% a mask in a compiled step
@tf.function
def step(lengths):
    with tf.GradientTape() as tape:
        mask = tf.sequence_mask(lengths, 3, dtype=tf.float32)
        loss = tf.reduce_sum(mask * w)  # expect: zero/masked-out
    grad = tape.gradient(loss, w)  # status: zero
    return grad
step(tf.constant([0]))
# %% clipped probability
with tf.GradientTape() as tape:
    p = tf.clip_by_value(w * w + 5.0, 1e-7, 1.0)  # expect: zero/clipped
    loss = tf.reduce_mean(tf.math.log(p))
grad = tape.gradient(loss, w)  # status: zero
# %% maximum holds a floor
with tf.GradientTape() as tape:
    spread = tf.maximum(-tf.abs(w), 0.1)  # expect: zero/clipped
    loss = tf.reduce_sum(tf.math.log(spread) + 1.0 / spread)
grad = tape.gradient(loss, w)  # status: zero
# %% hinge inside the margin, compiled
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.maximum(0.0, 1.0 - (w * w + 4.0)))  # expect: zero/clipped
    grad = tape.gradient(loss, w)  # status: zero
    return grad
step()
# %% sign as an activation
with tf.GradientTape() as tape:
    bits = tf.sign(w)  # expect: zero/zero-derivative-op
    loss = tf.reduce_mean((bits - 0.5) ** 2)
grad = tape.gradient(loss, w)  # status: zero
# %% sign as an activation, compiled
@tf.function
def step():
    with tf.GradientTape() as tape:
        bits = tf.sign(w)  # expect: zero/zero-derivative-op
        loss = tf.reduce_mean((bits - 0.5) ** 2)
    grad = tape.gradient(loss, w)  # status: zero
    return grad
step()
# %% only the unselected rows
table = tf.Variable(tf.random.normal((6, 2)), name="table")
part = tf.Variable(tf.ones((4,)), name="part")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.gather(part * 2.0, tf.zeros((0,), tf.int32)))  # expect: zero/rows-not-selected
grad = tape.gradient(loss, part)  # status: zero
# %% an empty slice of the output
net = layers.Dense(3)
net.build((None, 4))
with tf.GradientTape() as tape:
    out = net(x)
    loss = tf.reduce_sum(out[:, 3:] ** 2)  # expect: zero/rows-not-selected
grads = tape.gradient(loss, net.trainable_variables)  # status: zero zero
# %% dropout at rate one
drop = layers.Dropout(1.0)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.dropout(w * 2.0, 0.9999999) + 1.0)  # expect: zero/rows-not-selected or zero/masked-out
grad = tape.gradient(loss, w)  # status: zero
# %% all weights zero, two layers
a, b = tf.Variable(tf.zeros((4, 5)), name="a"), tf.Variable(tf.zeros((5, 1)), name="b")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((tf.tanh(x @ a) @ b - y) ** 2)  # expect: zero/stationary-point
grads = tape.gradient(loss, [a, b])  # status: zero zero
# %% all weights zero, fit
net = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="tanh", kernel_initializer="zeros"), layers.Dense(1, kernel_initializer="zeros")])  # expect: zero/stationary-point
net.compile("sgd", "mse")
net.fit(x, y, verbose=0)  # status: zero zero zero ok # also: zero/stationary-point
# %% a minimum
p = tf.Variable([3.0, 3.0], name="p")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((p - 3.0) ** 2)  # expect: zero/stationary-point
grad = tape.gradient(loss, p)  # status: zero # also: zero/stationary-point
# %% a float16 product that vanishes
h = tf.Variable(1e-4, dtype=tf.float16, name="h")
with tf.GradientTape() as tape:
    loss = h * h * tf.constant(1e-4, tf.float16)  # expect: zero/underflow
grad = tape.gradient(loss, h)  # status: zero
# %% a likelihood as a product of probabilities
p = tf.Variable(tf.fill((60,), 0.1), name="p")
with tf.GradientTape() as tape:
    loss = tf.reduce_prod(p)  # expect: zero/underflow
grad = tape.gradient(loss, p)  # status: zero
# %% exp of a large negative energy
s = tf.Variable(20.0, name="s")
with tf.GradientTape() as tape:
    loss = tf.exp(-s ** 2)  # expect: zero/underflow
grad = tape.gradient(loss, s)  # status: zero
# %% zeros asked for in place of None
v = tf.Variable(1.0, name="v")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w ** 2)
grads = tape.gradient(loss, [w, v], unconnected_gradients="zero")  # status: ok zero # expect: zero/hidden-none
# allow: none/unused-variable
# %% zeros asked for behind a stop gradient
v = tf.Variable(1.0, name="v")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w ** 2) * tf.stop_gradient(v)  # also: zero/hidden-none
grads = tape.gradient(loss, [w, v], unconnected_gradients=tf.UnconnectedGradients.ZERO)  # expect: zero/hidden-none
# allow: none/stop-gradient
# %% zeros in place of None by hand
v = tf.Variable(1.0, name="v")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w ** 2)
grads = tape.gradient(loss, [w, v])  # status: ok none # expect: none/unused-variable
grads = [tf.zeros_like(p) if g is None else g for g, p in zip(grads, [w, v])]
# %% hidden in a compiled step
v = tf.Variable(1.0, name="v")
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2) + tf.round(v)  # also: zero/hidden-none
    return tape.gradient(loss, [w, v], unconnected_gradients="zero")  # expect: zero/hidden-none
# allow: none/non-differentiable-op
step()
# %% a branch that a compiled step does not take
a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
@tf.function
def step(flag):
    with tf.GradientTape() as tape:
        loss = tf.cond(flag, lambda: a * 3.0, lambda: b * 4.0)  # expect: zero/untaken-graph-branch
    grads = tape.gradient(loss, [a, b])  # status: ok zero
    return grads
step(tf.constant(True))
# %% autograph if on a tensor
a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
@tf.function
def step(t):
    with tf.GradientTape() as tape:
        loss = a * 1.0
        if t > 0.5:  # expect: zero/untaken-graph-branch
            loss = loss * b  # also: zero/untaken-graph-branch
    grads = tape.gradient(loss, [a, b])  # status: ok zero
    return grads
step(tf.constant(0.0))
# %% autograph loop of no turns
a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
@tf.function
def step(n):
    with tf.GradientTape() as tape:
        loss = a * 1.0
        for _ in tf.range(n):  # expect: zero/untaken-graph-branch
            loss = loss * b  # also: zero/untaken-graph-branch
    grads = tape.gradient(loss, [a, b])  # status: ok zero
    return grads
step(tf.constant(0))
# %% near: Keras takes the logits behind a softmax of one unit
net = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(1, activation="softmax")])
net.compile("adam", "binary_crossentropy")
net.fit(x, tf.round(y), verbose=0)  # status: ok ok ok ok
# %% near: some units are off
net = keras.Sequential([keras.Input((4,)), layers.Dense(8, activation="relu", bias_initializer=keras.initializers.Constant([-50.0] * 4 + [0.5] * 4)), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # status: ok ok ok ok
# %% near: a bias before batch normalization
net = keras.Sequential([keras.Input((4,)), layers.Dense(8), layers.BatchNormalization(), layers.ReLU(), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x, training=True) - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # status: ok ok|zero ok ok ok ok
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(9)
x = tf.random.uniform((8, 4))
# %% file activations.py
import tensorflow as tf

def step_function(h):
    return tf.sign(tf.nn.relu(h))  # expect: zero/zero-derivative-op

# %% sign in an imported file
from activations import step_function
layer = keras.layers.Dense(3, activation=step_function)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(layer(x))
grads = tape.gradient(loss, layer.trainable_variables)  # status: zero zero
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(10)
x = tf.random.uniform((8, 4), 50.0, 90.0)
class Squash(keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 3), initializer="ones", name="w")
    def call(self, inputs):
        return tf.sigmoid(inputs @ self.w)  # expect: zero/saturated-activation
net = keras.Sequential([keras.Input((4,)), Squash(), keras.layers.Dense(1)])
# %% saturated custom layer, fit
net.compile("sgd", "mse")
net.fit(x, x[:, :1] / 90.0, verbose=0)  # status: zero ok ok
# %% saturated custom layer, own loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - 1.0) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # status: zero ok ok
