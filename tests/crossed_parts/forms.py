# %% setup
import asyncio
import contextlib
import dataclasses
import functools
import threading
import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(3)
x, y = tf.random.uniform((8, 3), 0.1, 1.0), tf.random.normal((8, 1))
w = tf.Variable(tf.ones((3, 1)), name="w")
b = tf.Variable([0.5], name="b")
kept = tf.Variable(tf.zeros((3, 1)), trainable=False, name="kept")
opt = keras.optimizers.SGD(1e-6)
def update(grads):
    for g, v in zip(grads, [w, b]):
        if g is not None:
            v.assign_sub(1e-4 * tf.where(tf.math.is_finite(g), g, tf.zeros_like(g)))
# %% script
# --- check
xb, yb = x, y
with tf.GradientTape() as tape:
    BODY
grads = tape.gradient(loss, [w, b])  # CALL


# %% function here
# --- check
def loss_of(xb, yb):
    BODY
    return loss


with tf.GradientTape() as tape:
    value = loss_of(x, y)
grads = tape.gradient(value, [w, b])  # CALL


# %% function of an earlier cell
def loss_of(xb, yb):
    BODY
    return loss


# --- check
with tf.GradientTape() as tape:
    value = loss_of(x, y)
grads = tape.gradient(value, [w, b])  # CALL
# %% python loop
# --- check
for turn in range(3):
    xb, yb = x[turn : turn + 4], y[turn : turn + 4]
    with tf.GradientTape() as tape:
        BODY
    grads = tape.gradient(loss, [w, b])  # CALL
    update(grads)
# %% dataset loop
# --- check
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
for epoch in range(2):
    for step, (xb, yb) in enumerate(data):
        with tf.GradientTape(persistent=True) as tape:
            BODY
        grads = tape.gradient(loss, [w, b])  # CALL
        update(grads)
# %% named parameters
# --- check
parameters = {"first": w, "second": b}


def forward(parameters, xb, yb):
    w, b = parameters["first"], parameters["second"]
    BODY
    return loss


with tf.GradientTape() as tape:
    cost = forward(parameters, x, y)
grads = tape.gradient(cost, [parameters["first"], parameters["second"]])  # CALL
# %% constants that are watched
# --- check
# without: state
xb, yb = x, y
start, offset = tf.ones((3, 1)), tf.constant([0.5])
with tf.GradientTape() as tape:
    tape.watch([start, offset])
    w, b = start, offset
    BODY
grads = tape.gradient(loss, [start, offset])  # CALL


# %% class with a method
class Model:
    def __init__(self):
        self.w, self.b = w, b

    def loss(self, xb, yb):
        w, b = self.w, self.b
        BODY
        return loss

    def gradients(self, xb, yb):
        with tf.GradientTape() as tape:
            value = self.loss(xb, yb)
        return tape.gradient(value, [self.w, self.b])


model = Model()
# --- check
grads = model.gradients(x, y)


# %% module
# --- check
class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.w, self.b = w, b

    def __call__(self, xb, yb):
        w, b = self.w, self.b
        BODY
        return loss


model = Model()
with tf.GradientTape() as tape:
    value = model(x, y)
grads = tape.gradient(value, [model.w, model.b])  # CALL


# %% context managers
# --- check
@contextlib.contextmanager
def noted(name):
    with tf.name_scope(name):
        yield


xb, yb = x, y
try:
    with tf.device("CPU:0"), tf.GradientTape() as tape:
        with noted("model"):
            BODY
finally:
    done = True
grads = tape.gradient(loss, [w, b])  # CALL


# %% decorated
# --- check
def logged(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


@logged
def loss_of(xb, yb):
    BODY
    return loss


with tf.GradientTape() as tape:
    value = functools.partial(loss_of, yb=y)(x)
grads = tape.gradient(value, [w, b])  # CALL


# %% generator
# --- check
def losses(batches):
    for xb, yb in batches:
        BODY
        yield loss


with tf.GradientTape() as tape:
    total = tf.add_n(list(losses([(x[:4], y[:4]), (x[4:], y[4:])])))
grads = tape.gradient(total, [w, b])  # CALL
# %% two tapes
# --- check
xb, yb = x, y
with tf.GradientTape() as outer:
    with tf.GradientTape() as tape:
        BODY
    grads = tape.gradient(loss, [w, b])  # CALL
# %% second tape of two
# without: discarded
# --- check
xb, yb = x, y
with tf.GradientTape() as first, tf.GradientTape() as second:
    BODY
    other = tf.reduce_sum(w**2)
grads = second.gradient(loss, [w, b])  # CALL
more = first.gradient(other, w)


# %% recursion
# --- check
def power(depth, xb, yb):
    if depth:
        return power(depth - 1, xb, yb) * 0.5
    BODY
    return loss


with tf.GradientTape() as tape:
    value = power(3, x, y)
grads = tape.gradient(value, [w, b])  # CALL
# %% accumulated
# --- check
total = 0.0
with tf.GradientTape() as tape:
    for xb, yb in [(x[:4], y[:4]), (x[4:], y[4:])]:
        BODY
        total += loss
    total = total / 2.0
grads = tape.gradient(total, [w, b])  # CALL


# %% thread
# --- check
def work(xb, yb):
    with tf.GradientTape() as tape:
        BODY
    grads.extend(tape.gradient(loss, [w, b]))  # CALL


grads = []
thread = threading.Thread(target=work, args=(x, y))
thread.start()
thread.join()


# %% coroutine
# --- check
async def step(xb, yb):
    with tf.GradientTape() as tape:
        BODY
    return tape.gradient(loss, [w, b])  # CALL


grads = await step(x, y)


# %% compiled step
# --- check
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        BODY
    return [g for g in tape.gradient(loss, [w, b]) if g is not None]  # CALL


grads = step(x, y)


# %% compiled step of an earlier cell
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        BODY
    grads = tape.gradient(loss, [w, b])
    update(grads)
    return loss


# --- check
for turn in range(2):
    step(x, y)


# %% traced in an earlier cell
# without: sampling
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        BODY
    grads = tape.gradient(loss, [w, b])
    opt.apply_gradients((g, v) for g, v in zip(grads, [w, b]) if g is not None)
    return loss


step(x, y)
w.assign(tf.ones((3, 1)))
b.assign([0.5])
# --- check
step(x, y)


# %% compiled by XLA
# without: sampling numpy state infinite power trap log
# --- check
@tf.function(jit_compile=True)
def step(xb, yb):
    with tf.GradientTape() as tape:
        BODY
    return [g for g in tape.gradient(loss, [w, b]) if g is not None]  # CALL


grads = step(x, y)


# %% compiled loss
@tf.function
def loss_of(xb, yb):
    BODY
    return loss


# --- check
with tf.GradientTape() as tape:
    value = loss_of(x, y)
grads = tape.gradient(value, [w, b])  # CALL


# %% compiled loss of a compiled step
# without: rows
@tf.function
def loss_of(xb, yb):
    BODY
    return loss


# --- check
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        value = loss_of(xb, yb) * 0.5
    return [g for g in tape.gradient(value, [w, b]) if g is not None]  # CALL


grads = step(x, y)


# %% branch of a compiled step
# nones: zero
# --- check
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        if tf.reduce_mean(xb) > 0.0:
            BODY
        else:
            loss = tf.reduce_sum(w) + tf.reduce_sum(b)
    return tape.gradient(loss, [w, b])  # CALL


grads = step(x, y)


# %% loop of a compiled step
# without: discarded
# nones: zero
# --- check
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        total = 0.0
        for turn in tf.range(3):
            BODY
            total += loss
    return tape.gradient(total, [w, b])  # CALL


grads = step(x, y)


# %% compiled loop of steps
# --- check
@tf.function
def train(xb, yb):
    for turn in tf.range(3):
        with tf.GradientTape() as tape:
            BODY
        grads = tape.gradient(loss, [w, b])  # CALL
        update(grads)


train(x, y)
# %% compiled loop over a dataset
# --- check
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)


@tf.function
def train():
    for xb, yb in data:
        with tf.GradientTape() as tape:
            BODY
        grads = tape.gradient(loss, [w, b])  # CALL
        update(grads)


train()


# %% tf gradients
# --- check
@tf.function
def step(xb, yb):
    BODY
    return [g for g in tf.gradients(loss, [w, b]) if g is not None]  # CALL


grads = step(x, y)


# %% map over rows
# nones: zero
# without: sampling numpy centred state
# --- check
def row(pair):
    xb, yb = pair[0][None], pair[1][None]
    BODY
    return loss


with tf.GradientTape() as tape:
    total = tf.reduce_mean(tf.map_fn(row, (x, y), fn_output_signature=tf.float32))
grads = tape.gradient(total, [w, b])  # CALL


# %% layer
class Scale(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(3, 1), initializer="ones", name="w")
        self.b = self.add_weight(shape=(1,), initializer=keras.initializers.Constant(0.5), name="b")

    def call(self, xb, yb):
        w, b = self.w, self.b
        BODY
        return loss


layer = Scale()
# --- check
with tf.GradientTape() as tape:
    value = layer(x, y)
grads = tape.gradient(value, layer.trainable_variables)  # CALL


# %% added loss in fit
class Scale(keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(3, 1), initializer="ones", name="w")
        self.b = self.add_weight(shape=(1,), initializer=keras.initializers.Constant(0.5), name="b")

    def call(self, inputs):
        xb, yb = inputs[:, :3], inputs[:, 3:]
        w, b = self.w, self.b
        BODY
        self.add_loss(loss)
        return xb


model = keras.Sequential([keras.Input((4,)), Scale()])
model.compile(optimizer=keras.optimizers.SGD(1e-6))
# --- check
history = model.fit(tf.concat([x, y], 1), epochs=1, batch_size=8, verbose=0)  # CALL


# %% train step of a model
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(3, 1), initializer="ones", name="w")
        self.b = self.add_weight(shape=(1,), initializer=keras.initializers.Constant(0.5), name="b")

    def train_step(self, data):
        xb, yb = data
        w, b = self.w, self.b
        with tf.GradientTape() as tape:
            BODY
        grads = tape.gradient(loss, [w, b])
        self.optimizer.apply_gradients((g, v) for g, v in zip(grads, [w, b]) if g is not None)
        return {"loss": loss}


model = Model()
model.compile(optimizer=keras.optimizers.SGD(1e-6))
# --- check
history = model.fit(x, y, epochs=2, batch_size=4, verbose=0)


# %% eager train step
class Model(keras.Model):
    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(3, 1), initializer="ones", name="w")
        self.b = self.add_weight(shape=(1,), initializer=keras.initializers.Constant(0.5), name="b")

    def train_step(self, data):
        xb, yb = data
        w, b = self.w, self.b
        with tf.GradientTape() as tape:
            BODY
        grads = tape.gradient(loss, [w, b])
        self.optimizer.apply_gradients((g, v) for g, v in zip(grads, [w, b]) if g is not None)
        return {"loss": loss}


model = Model()
model.compile(optimizer=keras.optimizers.SGD(1e-6), run_eagerly=True)
model.optimizer.build(model.trainable_variables)
# --- check
history = model.fit(x, y, epochs=2, batch_size=4, verbose=0)
# %% jacobian
# nones: any
# without: sampling numpy state dead masked held clipped saturated sign one centred infinite norm power spread trap rows underflow
# --- check
xb, yb = x, y
with tf.GradientTape() as tape:
    BODY
    both = tf.stack([loss, 2.0 * loss])
rows = tape.jacobian(both, [w, b])  # CALL
