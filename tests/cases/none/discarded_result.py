import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% overwritten
with tf.GradientTape() as tape:
    h = w * 3.0
    m = h * b  # expect: none/discarded-result
    loss = h * h
grads = tape.gradient(loss, [w, b])
# %% near: used
with tf.GradientTape() as tape:
    h = w * 3.0
    m = h * b
    loss = h * m
grads = tape.gradient(loss, [w, b])
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
critic = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-3)
points = tf.random.normal((6, 3))
x = tf.Variable(2.0)
# %% near the last bias of a critic in a gradient penalty
with tf.GradientTape() as tape:
    with tf.GradientTape() as inner:
        inner.watch(points)
        score = critic(points)
    slope = inner.gradient(score, points)  # note: none/discarded-result
    penalty = tf.reduce_mean((tf.norm(slope, axis=1) - 1.0) ** 2)
grads = tape.gradient(penalty, critic.trainable_variables)  # status: ok ok ok none
optimizer.apply_gradients(zip(grads, critic.trainable_variables))  # allow: step/silently-skipped
# %% the second derivative of a straight line
with tf.GradientTape() as tape:
    with tf.GradientTape() as inner:
        y = 3.0 * x + 1.0
    first = inner.gradient(y, x)  # expect: none/discarded-result
second = tape.gradient(first, x)  # status: none
# %% near the second derivative of a parabola
with tf.GradientTape() as tape:
    with tf.GradientTape() as inner:
        y = 3.0 * x**2 + 1.0
    first = inner.gradient(y, x)
second = tape.gradient(first, x)  # status: ok
# %% setup
import tensorflow as tf
import keras
from keras import ops
keras.utils.set_random_seed(2)
x, y = tf.random.normal((12, 4)), tf.random.uniform((12, 3))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="sigmoid")])

def overlap(truth, guess, smooth=1.0):  # expect: none/discarded-result
    a, b = ops.reshape(truth, (-1,)), ops.reshape(truth, (-1,))
    return (2.0 * ops.sum(a * b) + smooth) / (ops.sum(a) + ops.sum(b) + smooth)

def loss_of(truth, guess):
    return 1.0 - overlap(truth, guess)
# %% a parameter that the loss does not read, in a loop
with tf.GradientTape() as tape:
    predicted = model(x)
    loss = loss_of(y, predicted)
grads = tape.gradient(loss, model.trainable_variables)
# %% a parameter that the loss does not read, in fit
# raises: ValueError
# expect setup
# allow: error/no-gradients-provided
model.compile("sgd", loss_of)
model.fit(x, y, verbose=0)
# %% near: a parameter that nobody needs
def scaled(guess, step):
    return ops.mean(ops.square(guess - y))
with tf.GradientTape() as tape:
    loss = scaled(model(x), 3)
grads = tape.gradient(loss, model.trainable_variables)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
state, action = tf.random.normal((6, 3)), tf.random.normal((6, 2))

class Policy(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = keras.layers.Dense(5, activation="relu"), keras.layers.Dense(2)

    def call(self, state):
        return self.outer(self.inner(state))

policy, value = Policy(), keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
cell = keras.layers.SimpleRNNCell(4)
cell.build((None, 3))

@tf.function
def unrolled(h, steps):
    outputs = tf.TensorArray(tf.float32, size=steps)
    for t in tf.range(steps):
        h, _ = cell(state, h)
        outputs.write(t, h)  # expect: none/discarded-result
    return outputs.stack()
# %% the old action in the place of the new one
with tf.GradientTape() as tape:
    chosen = policy(state)  # expect: none/discarded-result
    loss = -tf.reduce_mean(value(tf.concat([state, action], axis=1)))
grads = tape.gradient(loss, policy.trainable_variables)
# %% an array that is written to and stays as it was
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(unrolled(tf.zeros((6, 4)), 3))
grads = tape.gradient(loss, cell.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
graph = {"atom": tf.random.normal((5, 3)), "charge": tf.random.normal((5, 1))}
update, energy = keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)
update.build((None, 4))
energy.build((None, 3))
trained = update.trainable_variables + energy.trainable_variables

def passed(g):
    return {**g, "state": update(tf.concat([g["atom"], g["charge"]], axis=1))}

def kept(g):
    g["state"] = update(tf.concat([g["atom"], g["charge"]], axis=1))
    return g

def whole(g):
    g = kept(g)
    return tf.reduce_sum(energy(g["atom"]))  # expect: none/discarded-result
# %% the readout of the entry from before
with tf.GradientTape() as tape:
    g = passed(graph)
    total = tf.reduce_sum(energy(g["atom"]))  # expect: none/discarded-result
grads = tape.gradient(total, trained)
# %% the readout of the entry from before, in a function
# expect setup
with tf.GradientTape() as tape:
    total = whole(dict(graph))
grads = tape.gradient(total, trained)
# %% the readout of the entry from before, with a name of its own
with tf.GradientTape() as tape:
    after = passed(graph)
    atoms = after["atom"]  # expect: none/discarded-result
    total = tf.reduce_sum(energy(atoms) ** 2)
grads = tape.gradient(total, trained)
# %% near: the readout of the new entry
with tf.GradientTape() as tape:
    g = passed(graph)
    total = tf.reduce_sum(energy(g["state"]))
grads = tape.gradient(total, trained)
# %% near: the old entry beside the new one
with tf.GradientTape() as tape:
    g = passed(graph)
    total = tf.reduce_sum(energy(g["state"] + g["atom"]))
grads = tape.gradient(total, trained)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(12)
class Tagger:
    def __init__(self):
        self.table = tf.Variable(tf.random.normal((20, 6)), name="table")
        self.out = keras.layers.Dense(3)
    def looked_up(self, ids):
        rows = tf.gather(self.table, ids)
        return rows
    def __call__(self, ids):
        vectors = self.looked_up(ids)  # expect: none/discarded-result
        one_hots = tf.one_hot(ids, 20)
        return self.out(one_hots)
ids = tf.constant([[1, 4], [7, 2]])
tagger = Tagger()
# %% a helper method whose result its caller leaves behind
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tagger(ids) ** 2)
grads = tape.gradient(loss, [tagger.table, tagger.out.bias])  # status: none ok
# %% setup
import tensorflow as tf
slopes = tf.Variable([[1.0], [2.0]], name="slopes")
curve = tf.Variable([0.3], name="curve")
def line(x):
    return x @ slopes
def bend(x, straight):
    return straight + x**2 @ tf.stack([curve, curve])
def twice_bent(x, straight):
    return bend(x, straight)
def curved(x):
    straight = line(x)
    for _ in range(2):
        twice_bent(x, straight)  # expect: none/discarded-result
    return straight
x = tf.constant([[1.0, 2.0], [0.5, 0.1]])
# %% a function of functions, called for nothing in a loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(curved(x))
slope, bow = tape.gradient(loss, [slopes, curve])  # status: ok none
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(12)
class Gate(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(6)
    def call(self, x):
        return tf.sigmoid(self.inner(x))
class Gated(keras.Model):
    def __init__(self):
        super().__init__()
        self.gate = Gate()
        self.out = keras.layers.Dense(1)
    def weighed(self, x):
        weight = self.gate(x)
        return weight, x
    def call(self, x):
        weight, same = self.weighed(x)  # expect: none/discarded-result
        return self.out(x * same)
# %% one of two results of a method, in fit
model = Gated()
model.compile("sgd", "mse")
model.fit(np.ones((8, 6), "float32"), np.ones((8, 1), "float32"), verbose=0)
# allow: step/silently-skipped
# %% and with a tape
model = Gated()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.ones((2, 6))))
grads = tape.gradient(loss, model.trainable_variables)  # status: none none ok ok
# %% near: both results are used
gate, out = Gate(), keras.layers.Dense(1)
with tf.GradientTape() as tape:
    weight = gate(tf.ones((2, 6)))
    loss = tf.reduce_sum(out(weight * 2.0))
grads = tape.gradient(loss, gate.trainable_variables + out.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
pose = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6, activation="tanh")])
scorer = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
x, y = tf.random.normal((8, 6)), tf.random.normal((8, 2))
def rotated(x, angles):
    turned = x * tf.cos(angles)
    return turned + tf.reverse(x, [1]) * tf.sin(angles)
def learn(x, y):
    with tf.GradientTape() as tape:
        views = rotated(x, pose(x))  # expect: none/discarded-result
        loss = tf.reduce_mean((scorer(x) - y) ** 2)
    return tape.gradient(loss, pose.trainable_variables + scorer.trainable_variables), views
def learn_from_views(x, y):
    with tf.GradientTape() as tape:
        views = rotated(x, pose(x))
        loss = tf.reduce_mean((scorer(views) - y) ** 2)
    return tape.gradient(loss, pose.trainable_variables + scorer.trainable_variables), views
# %% what a function gives is returned beside the gradients, and read by nothing under the tape
# expect setup
grads, views = learn(x, y)
# %% near: it is shown and read
grads, views = learn_from_views(x, y)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
pictures = tf.random.uniform((4, 8, 8, 1))
masks = tf.cast(pictures > 0.5, tf.float32)
entry = keras.Input((8, 8, 1))
h = keras.layers.Conv2D(3, 3, padding="same", activation="relu")(entry)
coarse, middle, fine = (keras.layers.Conv2D(1, 1, activation="sigmoid", name=name)(h) for name in ("coarse", "middle", "fine"))
deep = keras.Model(entry, [coarse, middle, fine])
entropy = keras.losses.BinaryCrossentropy()
shares = [0.4, 0.6]
def supervised(outputs, factors=(0.5, 1.0)):
    return tf.add_n([factor * entropy(masks, out) for factor, out in zip(factors, outputs)])
# %% fewer weights than outputs, in a loop
with tf.GradientTape() as tape:
    outputs = deep(pictures, training=True)
    loss = 0.0
    for share, out in zip(shares, outputs):  # expect: none/discarded-result
        loss += share * tf.reduce_mean((masks - out) ** 2)
grads = tape.gradient(loss, deep.trainable_variables)  # status: ok ok ok ok ok ok none none
# %% near: one output is picked
with tf.GradientTape() as tape:
    outputs = deep(pictures, training=True)  # expect: none/discarded-result
    loss = 0.0
    for share, out in zip(shares, outputs[:2]):
        loss += share * tf.reduce_mean((masks - out) ** 2)
grads = tape.gradient(loss, deep.trainable_variables)  # status: ok ok ok ok ok ok none none
# %% near: a weight for each
with tf.GradientTape() as tape:
    loss = supervised(deep(pictures, training=True), (0.2, 0.3, 0.5))
grads = tape.gradient(loss, deep.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
class Shift(keras.layers.Layer):
    def build(self, shape):
        self.scale, self.by = self.add_weight(shape=(shape[-1],), name="scale"), self.add_weight(shape=(shape[-1],), name="by")
    def call(self, x):
        return x * tf.exp(self.scale) + self.by, tf.reduce_sum(self.scale)
class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(3)
    def call(self, x):
        return tf.nn.gelu(self.inner(x))
data = tf.random.normal((8, 3))
shifts, blocks = [Shift() for _ in range(3)], [Block() for _ in range(2)]
made = [one(data) for one in (*shifts, *blocks)]
# %% each layer of a flow is given the data
with tf.GradientTape() as tape:
    z, total = data, 0.0
    for shift in shifts:
        z, part = shift(data)  # expect: none/discarded-result
        total += part
    loss = tf.reduce_mean(tf.square(z)) - total
grads = tape.gradient(loss, [v for shift in shifts for v in shift.trainable_variables])  # status: ok none ok none ok ok
# %% each block is given the input, in a function
def run(x):
    for block in blocks:
        h = block(x)  # expect: none/discarded-result
    return h
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(run(data)))
grads = tape.gradient(loss, [v for block in blocks for v in block.trainable_variables])  # status: none none ok ok
# %% near: each block is given what the one before it gave
with tf.GradientTape() as tape:
    h = data
    for block in blocks:
        h = block(h)
    loss = tf.reduce_mean(tf.square(h))
grads = tape.gradient(loss, [v for block in blocks for v in block.trainable_variables])  # status: ok ok ok ok
