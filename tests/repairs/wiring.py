# %% setup
from concurrent.futures import ThreadPoolExecutor
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
class TwoHeads(keras.Model):
    def __init__(self):
        super().__init__()
        self.body, self.main, self.side = keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1), keras.layers.Dense(1)
    def call(self, x, training=False):
        h = self.body(x)
        if not training:
            return self.main(h), None
        return self.main(h), self.side(h)
two_heads = TwoHeads()
two_heads(x, training=True)
gain, shift = tf.Variable(1.5), tf.Variable(0.5)
def scaled(x, shifted=False):
    out = gain * x
    if shifted:
        out = out + shift
    return out
def read_or(x, mode="plain"):
    out = gain * x
    if mode == "shifted":
        out = out + shift
    return out
models = [keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]) for _ in range(2)]
def error_of(model):
    return tf.reduce_mean(tf.square(model(x) - y))
cell = keras.layers.GRU(3)
pretrained = keras.Sequential([keras.Input((5, 4)), cell])
both = keras.layers.Bidirectional(cell)
head = keras.layers.Dense(1)
sequences = tf.random.normal((16, 5, 4))
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
def train_step(x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return loss, grads
def masked(real, found):
    keep = tf.math.equal(real, 7.0)
    loss = tf.square(real - found)
    loss *= tf.cast(keep, loss.dtype)
    return tf.reduce_mean(loss)
def scattered(values):
    table = tf.zeros((16, 1))
    tf.tensor_scatter_nd_update(table, tf.range(16)[:, None], values)
    return tf.reduce_mean(tf.square(table - y))
class Pair:
    def __init__(self):
        self.fast = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        self.slow = keras.models.clone_model(self.fast)
    def blend(self):
        for old, new in zip(self.slow.weights, self.slow.weights):
            old.assign(0.9 * old + 0.1 * new)
pair = Pair()
@tf.custom_gradient
def tamed(x, limit=1.0):
    def grad(dy):
        return tf.clip_by_value(dy, -limit, limit), None
    return tf.identity(x), grad
def moments(samples):
    flat = np.asarray(samples).ravel()
    mean = flat.mean()
    return np.array([mean, ((flat - mean) ** 2).mean()], "float32")
class Trainer:
    def __init__(self, net):
        self.net = net
        self.kept = list(net.trainable_variables)
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.net(x) - y))
        grads = tape.gradient(loss, self.kept)
        optimizer.apply_gradients(zip(grads, self.kept))
        return loss
# %% a head for training only
# fix: none/branch-not-taken
# becomes: main, side = two_heads(x, training=True)
with tf.GradientTape() as tape:
    main, side = two_heads(x)
    loss = tf.reduce_mean(tf.square(main - y))
    if side is not None:
        loss += tf.reduce_mean(tf.square(side - y))
grads = tape.gradient(loss, two_heads.trainable_variables)
# %% a flag of a function
# fix: none/branch-not-taken
# becomes: loss = tf.reduce_sum(scaled(x, True) ** 2)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(scaled(x, False) ** 2)
grads = tape.gradient(loss, [gain, shift])
# %% a choice by a word
# gone: loss = tf.reduce_sum(read_or(x, mode=True) ** 2)
# fix: none/branch-not-taken
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(read_or(x) ** 2)
grads = tape.gradient(loss, [gain, shift])
# %% mapped by a pool
# fix: none/outside-tape
# becomes: losses = list(map(error_of, models))
# gone: with ThreadPoolExecutor(max_workers=2) as pool:
with tf.GradientTape() as tape:
    with ThreadPoolExecutor(max_workers=2) as pool:
        losses = list(pool.map(error_of, models))
    loss = tf.add_n(losses)
grads = tape.gradient(loss, [v for m in models for v in m.trainable_variables])
# %% submitted to a pool
# fix: none/outside-tape
# becomes: waiting = [error_of(m) for m in models]
# becomes: loss = tf.add_n([w for w in waiting])
with ThreadPoolExecutor() as workers, tf.GradientTape() as tape:
    waiting = [workers.submit(error_of, m) for m in models]
    loss = tf.add_n([w.result() for w in waiting])
grads = tape.gradient(loss, [v for m in models for v in m.trainable_variables])
# %% a layer that was rebuilt in another
# fix: none/different-object
# becomes: weights = both.trainable_variables + head.trainable_variables
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(head(both(sequences)) - y))
    weights = cell.trainable_variables + head.trainable_variables
    grads = tape.gradient(loss, weights)
# %% applied inside and outside
# fix: step/updated-twice
# gone: optimizer.apply_gradients(zip(grads, net.trainable_variables))  # and once more
for _ in range(2):
    loss, grads = train_step(x, y)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))  # and once more
# %% the padding is kept
# fix: zero/masked-out
# becomes: keep = tf.math.not_equal(real, 7.0)
with tf.GradientTape() as tape:
    loss = masked(y, net(x))
grads = tape.gradient(loss, net.trainable_variables)
# %% scattered into nothing
# fix: none/discarded-result
# becomes: table = tf.tensor_scatter_nd_update(table, tf.range(16)[:, None], values)
with tf.GradientTape() as tape:
    loss = scattered(net(x))
grads = tape.gradient(loss, net.trainable_variables)
# %% added to nothing
# fix: none/discarded-result
# becomes: loss = tf.add(loss, penalty)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x) - y))
    penalty = 0.1 * tf.square(gain)
    tf.add(loss, penalty)
grads = tape.gradient(loss, [*net.trainable_variables, gain])
# %% blended with itself
# fix: step/update-without-effect
# becomes: for old, new in zip(self.slow.weights, self.fast.weights):
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(pair.fast(x) - tf.stop_gradient(pair.slow(x)) - y))
    grads = tape.gradient(loss, pair.fast.trainable_variables)
    optimizer.apply_gradients(zip(grads, pair.fast.trainable_variables))
    pair.blend()
# %% a gradient for a default
# fix: error/gradient-shape-mismatch
# becomes: return tf.clip_by_value(dy, -limit, limit)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tamed(net(x)) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% moments by methods of an array
# fix: none/left-tensorflow
# becomes: flat = tf.reshape(tf.convert_to_tensor(samples), [-1])
# becomes: mean = tf.reduce_mean(flat)
# becomes: return tf.cast([mean, tf.reduce_mean((flat - mean) ** 2)], "float32")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(moments(net(x)) - [0.0, 1.0]))
grads = tape.gradient(loss, net.trainable_variables)
# %% weights of a model that has none yet
# fix: error/no-loss
# becomes: grads = tape.gradient(loss, self.net.trainable_variables)
# becomes: optimizer.apply_gradients(zip(grads, self.net.trainable_variables))
trainer = Trainer(keras.Sequential([keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)]))
for _ in range(2):
    trainer.step(x, y)
# %% the old action beside the new one
# fix: none/discarded-result
# becomes: loss = -tf.reduce_mean(net(tf.concat([state, new_action], axis=1)))
state, action = x[:, :3], x[:, 3:]
actor = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="tanh")])
with tf.GradientTape() as tape:
    new_action = actor(state)
    loss = -tf.reduce_mean(net(tf.concat([state, action], axis=1)))
grads = tape.gradient(loss, actor.trainable_variables)
