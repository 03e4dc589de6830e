import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a rate that was changed
rate = 0.1
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    w.assign_sub(rate * tape.gradient(loss, w))  # expect: step/stale-capture
step()
rate = 0.01
step()
# %% a setting of an object
class Trainer:
    def __init__(self):
        self.rate = 0.1
    @tf.function
    def step(self):
        with tf.GradientTape() as tape:
            loss = loss_of(w)
        w.assign_sub(self.rate * tape.gradient(loss, w))  # expect: step/stale-capture
trainer = Trainer()
for _ in range(3):
    trainer.step()
    trainer.rate = trainer.rate / 2
# %% near: a variable
rate = tf.Variable(0.1)
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    w.assign_sub(rate * tape.gradient(loss, w))
step()
rate.assign(0.01)
step()
# %% another optimizer
v = tf.Variable([1.0, 2.0], name="v")
opt = tf.keras.optimizers.SGD(0.1)
@tf.function
def train():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)
    opt.apply_gradients([(tape.gradient(loss, v), v)])  # expect: step/stale-capture
train()
opt = tf.keras.optimizers.SGD(0.01)
train()
# %% near: another object for a function that is made anew
for rate in (0.1, 0.01):
    v = tf.Variable([1.0, 2.0], name="v")
    opt = tf.keras.optimizers.SGD(rate)
    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v)
        opt.apply_gradients([(tape.gradient(loss, v), v)])
    train()
    train()
# %% near: a model that is built by the first trace
class Late(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.extra = tf.keras.layers.Dense(2), None
    def call(self, inputs):
        if self.extra is None:
            self.extra = tf.keras.layers.Dense(1)
        return self.extra(self.dense(inputs))
late = Late()
@tf.function
def train(inputs):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(late(inputs) - 1.0))
    grads = tape.gradient(loss, late.trainable_variables)
    return loss, grads
for _ in range(3):
    train(tf.ones((3, 4)))
# %% setup
import tensorflow as tf
v = tf.Variable([1.0, 2.0], name="v")
rate = 0.1

@tf.function
def train():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)
    v.assign_sub(rate * tape.gradient(loss, v))  # expect: step/stale-capture
train()
# %% traced in an earlier cell
rate = 0.5
train()
# %% setup
import numpy as np
import tensorflow as tf
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
class Annealed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.weight, self.traces, self.epoch = 0.0, 0, 0
    def call(self, inputs):
        return self.dense(inputs)
    def penalty(self):
        return self.weight * tf.reduce_sum(tf.square(self.dense.kernel))  # expect: step/stale-capture
    def train_step(self, data):
        inputs, labels = data
        self.traces += 1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs) - labels)) + self.penalty()
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}
class Anneal(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.weight = 0.1 * epoch
class Count(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.epoch = epoch
# %% a number that a callback raises, read in a method of the step
model = Annealed()
model.compile("sgd")
history = model.fit(x, y, epochs=3, callbacks=[Anneal()], verbose=0)
# %% near: counters of the model's own and of a callback
model = Annealed()
model.compile("sgd")
history = model.fit(x, y, epochs=3, callbacks=[Count()], verbose=0)
# %% near: a number that is set before each compile
model = Annealed()
for weight in (0.0, 0.1):
    model.weight = weight
    model.compile("sgd")
    history = model.fit(x, y, epochs=2, verbose=0)
# %% near: eager training reads the number anew
model = Annealed()
model.compile("sgd", run_eagerly=True)
history = model.fit(x, y, epochs=2, callbacks=[Anneal()], verbose=0)
# %% near: functions that run eagerly
model = Annealed()
model.compile("sgd")
optimizer = keras.optimizers.SGD(0.01)
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y)) + model.penalty()
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
tf.config.run_functions_eagerly(True)
for i in range(3):
    model.weight = 0.1 * i
    step()
tf.config.run_functions_eagerly(False)
# %% setup
import numpy as np
import tensorflow as tf
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.factor, self.rate, self.calls = 0.5, tf.Variable(0.5, trainable=False), 0
    def call(self, inputs):
        self.calls += 1
        factor = self.factor  # expect: step/stale-capture
        return inputs * factor * self.rate
scaled, dense = Scaled(), keras.layers.Dense(1)
dense.build((None, 4))
blocks = [scaled, dense]
optimizer = keras.optimizers.SGD(0.01)
def forward(inputs):
    for block in blocks:
        inputs = block(inputs)
    return inputs
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(forward(x) - y))
    grads = tape.gradient(loss, dense.trainable_variables)
    optimizer.apply_gradients(zip(grads, dense.trainable_variables))
    return loss
# %% an attribute of a layer in a list
for epoch in range(3):
    scaled.factor = 0.5 + 0.1 * epoch
    loss = step()
# %% near: a variable of the layer
for epoch in range(3):
    scaled.rate.assign(0.5 + 0.1 * epoch)
    loss = step()
# %% near: the number is set before the first call
scaled.factor = 0.25
for epoch in range(3):
    loss = step()
# %% near: a counter beside the step
scaled.calls, epochs = 0, 0
for epoch in range(3):
    scaled.calls += 1
    epochs += 1
    loss = step()
# %% setup
import numpy as np
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh")], name="base")
base.trainable = False
model = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(1)])
model.compile("adam", "mse")
class Unfreeze(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.layers[0].trainable = True
# %% layers that are unfrozen while fit runs
history = model.fit(x, y, epochs=3, callbacks=[Unfreeze()], verbose=0)  # expect: step/stale-capture
# %% layers that are unfrozen between two fits
history = model.fit(x, y, epochs=2, verbose=0)
base.trainable = True
history = model.fit(x, y, epochs=2, verbose=0)  # expect: step/stale-capture
# %% near: compiled again after the change
history = model.fit(x, y, epochs=2, verbose=0)
base.trainable = True
model.compile("adam", "mse")
history = model.fit(x, y, epochs=2, verbose=0)
# %% near: frozen all the time, and validated
history = model.fit(x, y, epochs=2, validation_data=(x, y), verbose=0)
# %% near: a model that is built by its first step
late = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1)])
late.compile("adam", "mse")
history = late.fit(x, y, epochs=3, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
pixels = np.random.default_rng(1).normal(size=(24, 3)).astype("float32")
heights = pixels[:, :1] - pixels[:, 2:]
squared, adam = keras.losses.MeanSquaredError(), None
def fresh():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
@tf.function
def learn(rows, wanted):
    with tf.GradientTape() as tape:
        error = squared(wanted, net(rows))  # expect: step/stale-capture
    weights = net.trainable_variables
    adam.apply_gradients(zip(tape.gradient(error, weights), weights))  # allow: step/stale-capture
    return error
# %% a second network for a step that was traced with the first
nets = []
for seed in (1, 2):
    keras.utils.set_random_seed(seed)
    net, adam = fresh(), keras.optimizers.Adam(0.01)
    nets.append(net)
    for _ in range(3):
        learn(pixels, heights)
# %% near: a step that is made for each network
for seed in (1, 2):
    net, adam = fresh(), keras.optimizers.Adam(0.01)
    step = tf.function(learn.python_function)
    for _ in range(3):
        step(pixels, heights)
# %% setup
import numpy as np
import tensorflow as tf
import keras
rows = np.random.default_rng(2).normal(size=(24, 3)).astype("float32")
marks = np.where(rows > 1.0, np.nan, rows).astype("float32")
gap, gaps, spare = float("nan"), np.array([[1.0, np.nan], [np.nan, 2.0]]), np.float32("nan")
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
def known_only(wanted, given):
    missing = tf.math.is_nan(wanted)
    filled = tf.where(missing, 0.0, wanted)
    width = gaps[1, 1] + (0.0 if gap == gap or spare == spare else 1.0)
    return tf.reduce_mean(tf.where(missing, 0.0, tf.square(filled - given))) / width
# %% near: NaN that is read by a loss stays the value that it was
net.compile("sgd", known_only)
history = net.fit(rows, marks, batch_size=8, epochs=2, verbose=0)
# %% an array with NaN in which a number was changed
w = tf.Variable(1.0, name="w")
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = w * w
    w.assign_sub(0.1 * gaps[0, 0] * tape.gradient(loss, w))  # expect: step/stale-capture
step()
gaps = np.array([[0.5, np.nan], [np.nan, 2.0]])
step()
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(5)
x, y = tf.random.normal((16, 3), seed=1), tf.random.normal((16, 1), seed=2)

class Trainer:
    def __init__(self, every):
        self.model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
        self.critic = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        self.optimizer, self.other = keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05)
        self.optimizer.build(self.model.trainable_variables)
        self.other.build(self.critic.trainable_variables)
        self.every, self.turns, self.traces = every, 0, 0

    def fit_critic(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.critic(x) - y) ** 2)
        self.other.apply_gradients(zip(tape.gradient(loss, self.critic.trainable_variables), self.critic.trainable_variables))

    @tf.function
    def seldom(self):
        self.turns += 1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.model(x) - y) ** 2)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.model.trainable_variables), self.model.trainable_variables))
        if self.turns % self.every == 0:  # expect: step/stale-capture
            self.fit_critic()
        return loss

    @tf.function
    def shown(self):
        self.traces += 1
        print("traced", self.traces, f"{self.traces + 1} next")
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.model(x) - y) ** 2)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.model.trainable_variables), self.model.trainable_variables))
        return loss
# %% a Python number decides which part of a step runs, and is counted when it is traced
trainer = Trainer(4)
for turn in range(12):
    loss = trainer.seldom()
# %% near: a number that only counts the traces
trainer = Trainer(4)
for turn in range(6):
    loss = trainer.shown()
# %% near: two calls are too few to tell
trainer = Trainer(4)
for turn in range(2):
    loss = trainer.seldom()
# %% a global number that a rate is made of
passes = 0
@tf.function
def step(w):
    global passes
    passes += 1
    rate = 0.1 * 0.9**passes  # expect: step/stale-capture
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    w.assign_sub(rate * tape.gradient(loss, w))
w = tf.Variable([1.0, 2.0])
for turn in range(5):
    step(w)
# %% near: a number that the loop counts and hands over
@tf.function
def step(w, passes):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    w.assign_sub(0.1 * 0.9**passes * tape.gradient(loss, w))
w = tf.Variable([1.0, 2.0])
for turn in range(5):
    step(w, tf.constant(float(turn)))
# %% a warm-up that `train_step` counts in a Python number
class Shrinking(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.count = keras.layers.Dense(3), 0

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        self.count += 1
        share = min(1.0, self.count / 100)  # expect: step/stale-capture
        with tf.GradientTape() as tape:
            given = self(data)
            loss = tf.reduce_mean((given - data) ** 2) + share * tf.reduce_mean(given**2)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        return {"loss": loss}
net = Shrinking()
net.compile(keras.optimizers.SGD(0.01))
history = net.fit(x, batch_size=4, epochs=1, verbose=0)
