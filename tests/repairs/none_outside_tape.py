# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((10, 3)), tf.random.normal((10,))
w, opt = tf.Variable(tf.random.normal((3,))), keras.optimizers.SGD(0.1)
def minimize(function, variables):
    with tf.GradientTape() as tape:
        value = function()
    opt.apply_gradients(zip(tape.gradient(value, variables), variables))
    return value
class Normal:
    def __init__(self, loc, log_scale):
        self.loc = loc
        self.scale = tf.exp(log_scale)
        self.precision = 1.0 / self.scale
    def log_prob(self, value):
        return -0.5 * ((value - self.loc) * self.precision) ** 2 - tf.math.log(self.scale)
class Kernel:
    def __init__(self, points, length):
        distance = (points - tf.transpose(points)) ** 2
        self.matrix = tf.exp(-distance / length)
    def trace(self):
        return tf.linalg.logdet(self.matrix + tf.eye(10))
class Tempered(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.temperature = self.add_weight(shape=(), initializer="ones", name="temperature")
    def call(self, inputs):
        self.temperature = tf.nn.relu(self.temperature) + 0.1
        return inputs / self.temperature
log_scale = tf.Variable(0.5)
# %% a lambda around a finished value
# fix: none/outside-tape
# becomes: value = minimize(lambda: tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2), [w])
cost = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
value = minimize(lambda: cost, [w])
# %% a lambda around a value of two lines
# fix: none/outside-tape
# becomes: def loss():
# becomes: residual = tf.linalg.matvec(x, w) - y
# becomes: return cost
residual = tf.linalg.matvec(x, w) - y
cost = tf.reduce_mean(residual ** 2)
loss = lambda: cost
value = minimize(loss, [w])
# %% a function around a finished value
# fix: none/outside-tape
# becomes: cost = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
cost = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
def loss():
    return cost
value = minimize(loss, [w])
# %% an object that computes when it is made
# fix: none/outside-tape
# becomes: self.log_scale = log_scale
# becomes: return tf.exp(self.log_scale)
# becomes: return 1.0 / self.scale
normal = Normal(1.0, log_scale)
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(normal.log_prob(y))
grad = tape.gradient(loss, log_scale)
# %% with a local name on the way
# fix: none/outside-tape
# becomes: return tf.exp(-((self.points - tf.transpose(self.points)) ** 2) / self.length)
kernel = Kernel(x[:, :1], log_scale)
with tf.GradientTape() as tape:
    loss = kernel.trace()
grad = tape.gradient(loss, log_scale)
# %% a weight that its own layer gives up
# fix: none/outside-tape
# becomes: temperature = tf.nn.relu(self.temperature) + 0.1
# becomes: return inputs / temperature
layer = Tempered()
weights = layer.trainable_variables
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(layer(x) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, weights), weights))
# %% a method called before the tape
# fix: none/outside-tape
# becomes: state = cell.step() * first
class Cell:
    def __init__(self):
        self.state = tf.zeros((3,))
    def step(self):
        self.state = tf.tanh(self.state + w)
        return self.state
cell, first = Cell(), tf.Variable(1.0)
state = cell.step() * first
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(cell.state)
grad = tape.gradient(loss, w)
# %% near: what was drawn once
# none: none/outside-tape
class Frozen:
    def __init__(self, scale):
        self.noise = scale * tf.random.normal((10,))
    def loss(self):
        return tf.reduce_sum(self.noise ** 2)
frozen = Frozen(log_scale)
with tf.GradientTape() as tape:
    loss = frozen.loss()
grad = tape.gradient(loss, log_scale)
# %% noise that is drawn when a layer is built
# fix: none/outside-tape
# becomes: kernel = self.mean + self.spread * tf.random.normal((x.shape[-1], 2))
# becomes: return x @ kernel
class Noisy(tf.keras.layers.Layer):
    def build(self, shape):
        self.mean = self.add_weight(shape=(shape[-1], 2), name="mean")
        self.spread = self.add_weight(shape=(shape[-1], 2), name="spread")
        self.kernel = self.mean + self.spread * tf.random.normal((shape[-1], 2))
    def call(self, x):
        return x @ self.kernel
noisy = Noisy()
for turn in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(noisy(tf.ones((3, 4)))))
    grads = tape.gradient(loss, noisy.trainable_variables)
# %% two lines before the tape
# fix: none/outside-tape
# becomes: with tf.GradientTape() as tape:
# becomes: score = tf.linalg.matvec(x, w)
# becomes: loss = tf.reduce_mean(error)
score = tf.linalg.matvec(x, w)
error = (score - y) ** 2
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(error)
grad = tape.gradient(loss, w)
# %% a loop before the tape
# fix: none/outside-tape
# becomes: with tf.GradientTape() as tape:
# becomes: for row in x:
# becomes: # what is played
# becomes: # what it costs
for episode in range(2):
    rewards = []

    # what is played
    history = []
    for row in x:
        chance = tf.sigmoid(tf.tensordot(row, w, 1))
        history.append(tf.math.log(chance))
        rewards.append(float(chance > 0.5))
    mean = sum(rewards) / len(rewards)
    # what it costs
    with tf.GradientTape() as tape:
        losses = [-log_chance * (reward - mean + 1.0)
                  for log_chance, reward in zip(history, rewards)]
        loss = tf.add_n(losses)
    grads = tape.gradient(loss, [w])
    opt.apply_gradients(zip(grads, [w]))
# %% a loop and a line before the tape
# fix: none/outside-tape
# becomes: with tf.GradientTape() as tape:
# becomes: stacked = tf.stack(scores)
# becomes: for row in x:
scores = []
for row in x:
    scores.append(tf.tensordot(row, w, 1))
stacked = tf.stack(scores)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((stacked - y) ** 2)
grad = tape.gradient(loss, w)
# %% a function that a loop before the tape calls
# fix: none/outside-tape
# becomes: with tf.GradientTape() as tape:
# becomes: results += play(2)
def score(row):
    return tf.tensordot(row, w, 1)
def play(turns):
    return [score(row) for row in x[:turns]]
results = []
for _ in range(3):
    results += play(2)
with tf.GradientTape() as tape:
    loss = tf.add_n(results)
grad = tape.gradient(loss, w)
# %% near: the tape stands in a loop of its own
# none: none/outside-tape
scores = []
for row in x:
    scores.append(tf.tensordot(row, w, 1))
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.add_n(scores)
    grad = tape.gradient(loss, w)
# %% near: the variable is updated between
# none: none/outside-tape
scores = []
for row in x:
    scores.append(tf.tensordot(row, w, 1))
    w.assign_add(0.1 * row)
with tf.GradientTape() as tape:
    loss = tf.add_n(scores)
grad = tape.gradient(loss, w)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
x = tf.random.normal((4, 3), seed=1)
scaled = (x - 1.0) / 2.0
decay = tf.add_n([tf.nn.l2_loss(v) for v in net.trainable_variables])
def error_of(a, b):
    return np.square(np.subtract(a, b)).mean()
# %% what was computed from an input that is watched now
# fix: none/outside-tape
# becomes: scaled = (x - 1.0) / 2.0
with tf.GradientTape() as tape:
    tape.watch(x)
    out = net(scaled)
slopes = tape.gradient(out, x)
# %% a sum over all weights of a model
# fix: none/outside-tape
# becomes: decay = tf.add_n([tf.nn.l2_loss(v) for v in net.trainable_variables])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - 1.0) ** 2) * 0.0 + 0.01 * decay
with tf.GradientTape() as tape:
    penalty = 0.01 * decay
grads = tape.gradient(penalty, net.trainable_variables)
# %% the error comes from a function in NumPy, and becomes a tensor in the gradient call
# fix: none/left-tensorflow
# becomes: return tf.reduce_mean(tf.square(tf.subtract(a, b)))
with tf.GradientTape() as tape:
    loss = error_of(net(x), tf.ones((4, 2)))
grads = tape.gradient(tf.convert_to_tensor(loss), net.trainable_variables)
# %% setup
import functools
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
x, y = tf.random.normal((4, 3), seed=1), tf.random.normal((4, 2), seed=2)
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
lone = keras.layers.Dense(2)
lone.build((None, 3))
def forward(model, rows):
    return model(rows)
predicted = net(x)
shown = {"rows": x, "codes": lone(x)}
handed = forward(net, x)
error = tf.reduce_mean((net(x) - y) ** 2)
@functools.lru_cache(maxsize=None)
def kept():
    return net(x)
kept()
# %% a model ran in an earlier cell
# fix: none/outside-tape
# becomes: predicted = net(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((predicted - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% a layer, in a dict
# fix: none/outside-tape
# becomes: shown = {"rows": x, "codes": lone(x)}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((shown["codes"] - y) ** 2)
grads = tape.gradient(loss, lone.trainable_variables)
# %% a function that is handed the model
# fix: none/outside-tape
# becomes: handed = forward(net, x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((handed - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% the loss itself
# fix: none/outside-tape
# becomes: error = tf.reduce_mean((net(x) - y) ** 2)
with tf.GradientTape() as tape:
    pass
grads = tape.gradient(error, net.trainable_variables)
# %% a function that keeps its result
# fix: none/outside-tape
# gone: @functools.lru_cache(maxsize=None)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((kept() - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
x, y = tf.random.normal((4, 3), seed=1), tf.random.normal((4, 2), seed=2)
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
as_array = net(x).numpy()
predicted = net.predict(x, verbose=0)
kernel, bias = net.get_weights()
# %% an array of an earlier cell
# fix: none/outside-tape
# becomes: as_array = net(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((as_array - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% a prediction of an earlier cell
# fix: none/outside-tape
# becomes: predicted = net(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((predicted - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% weights as arrays
# fix: none/left-tensorflow
# becomes: kernel, bias = net.weights
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ kernel + bias - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
