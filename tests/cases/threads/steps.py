import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(32, 4)).astype("float32"), rng.normal(size=(32, 1)).astype("float32")
dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)

def make():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])

model = make()
optimizer = keras.optimizers.Adam(1e-2)
loss_fn = keras.losses.MeanSquaredError()
# %% never applied
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb, training=True))
    grads = tape.gradient(loss, model.trainable_variables)  # expect: step/gradients-not-applied
# %% never applied, compiled
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb, training=True))
    grads = tape.gradient(loss, model.trainable_variables)  # expect: step/gradients-not-applied
    return loss
for xb, yb in dataset:
    print(float(step(xb, yb)))
# %% an expression in place of an assignment
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)  # expect: step/gradients-not-applied
    for v, g in zip(model.trainable_variables, grads):
        v - 0.01 * g  # also: step/gradients-not-applied
# %% variables in another order
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, [model.layers[0].bias, model.layers[1].bias])
    pairs = list(zip(grads, [model.layers[0].bias, model.layers[1].bias]))
a, b = tf.Variable([1.0, 2.0], name="a"), tf.Variable([3.0, 4.0], name="b")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(a ** 2 + 3.0 * b)
grads = tape.gradient(loss, [a, b])
keras.optimizers.SGD(0.1).apply_gradients(zip(grads, [b, a]))  # expect: step/gradients-zipped-out-of-order
# allow: step/gradients-not-applied
# %% sorted by name
p, q = tf.Variable([1.0, 2.0], name="zeta"), tf.Variable([3.0, 4.0], name="alpha")
sgd = keras.optimizers.SGD(0.1)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(p ** 2 + 3.0 * q)
    grads = tape.gradient(loss, [p, q])
    sgd.apply_gradients(zip(grads, sorted([p, q], key=lambda v: v.name)))  # expect: step/gradients-zipped-out-of-order
# %% zipped out of order, compiled
p, q = tf.Variable([1.0, 2.0], name="p"), tf.Variable([3.0, 4.0], name="q")
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(p ** 2 + 3.0 * q)
    grads = tape.gradient(loss, [p, q])
    for v, g in zip([q, p], grads):
        v.assign_sub(0.1 * g)  # expect: step/gradients-zipped-out-of-order
    return loss
step()
# %% learning rate zero
sgd = keras.optimizers.SGD(0.0)  # expect: step/update-without-effect
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    sgd.apply_gradients(zip(grads, model.trainable_variables))  # also: step/update-without-effect
# %% learning rate zero, fit
model.compile(keras.optimizers.SGD(0.0), "mse")  # expect: step/update-without-effect
model.fit(x, y, epochs=2, verbose=0)  # also: step/update-without-effect
# %% weights put back after each step
saved = model.get_weights()
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))  # also: step/update-without-effect
    model.set_weights(saved)  # expect: step/update-without-effect
# %% a rate below the resolution of float16
h = tf.Variable(tf.ones((3,), tf.float16) * 100.0, name="h")
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(h)
    grad = tape.gradient(loss, h)
    h.assign_sub(tf.constant(1e-3, tf.float16) * grad)  # expect: step/update-without-effect
# %% a model for each batch
for xb, yb in dataset:
    net = make()  # expect: step/recreated-every-step
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, net(xb))
    grads = tape.gradient(loss, net.trainable_variables)
    keras.optimizers.SGD(0.1).apply_gradients(zip(grads, net.trainable_variables))  # also: step/recreated-every-step
# %% an Adam for each batch
for xb, yb in dataset:
    adam = keras.optimizers.Adam(1e-2)  # expect: step/recreated-every-step
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(grads, model.trainable_variables))  # also: step/recreated-every-step
# %% variables made in the loop
for xb, yb in dataset:
    w, b = tf.Variable(tf.random.normal((4, 1), seed=1)), tf.Variable(0.0)  # expect: step/recreated-every-step
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((xb @ w + b - yb) ** 2)
    gw, gb = tape.gradient(loss, [w, b])
    w.assign_sub(0.1 * gw)
    b.assign_sub(0.1 * gb)
# %% a clone is trained, the original evaluated
copy = keras.models.clone_model(model)  # also: step/trained-another-object
before = float(loss_fn(y, model(x)))
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, copy(xb))
    grads = tape.gradient(loss, copy.trainable_variables)
    optimizer.apply_gradients(zip(grads, copy.trainable_variables))  # also: step/trained-another-object
after = float(loss_fn(y, model(x)))  # expect: step/trained-another-object
print(before, after)
# %% fit on a copy, predictions of the original
def fine_tune(net):
    net = keras.models.clone_model(net)  # also: step/trained-another-object
    net.compile("adam", "mse")
    net.fit(x, y, verbose=0)  # also: step/trained-another-object
fine_tune(model)
print(model.predict(x[:2], verbose=0))  # expect: step/trained-another-object
# %% a learning rate kept from the first trace
rate = 0.0
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    for v, g in zip(model.trainable_variables, grads):
        v.assign_sub(rate * g)  # also: step/stale-capture or step/update-without-effect
    return loss
for xb, yb in dataset:
    step(xb, yb)  # also: step/stale-capture or step/update-without-effect
    rate = 0.1  # expect: step/stale-capture or step/update-without-effect
# %% an optimizer kept from the first trace
opt = keras.optimizers.SGD(0.0)  # also: step/stale-capture or step/update-without-effect
opt.build(model.trainable_variables)
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))  # also: step/stale-capture or step/update-without-effect
    return loss
for i, (xb, yb) in enumerate(dataset):
    if i == 1:
        opt = keras.optimizers.SGD(0.1)  # expect: step/stale-capture or step/update-without-effect
    step(xb, yb)  # also: step/stale-capture or step/update-without-effect
# %% applied twice
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))  # also: step/updated-twice
    optimizer.apply_gradients(zip(grads, model.trainable_variables))  # expect: step/updated-twice
# %% by hand and by the optimizer
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))  # also: step/updated-twice
    for v, g in zip(model.trainable_variables, grads):
        v.assign_sub(0.01 * g)  # expect: step/updated-twice
# %% the same variable under two names
variables = model.trainable_variables + model.layers[1].trainable_variables  # also: step/updated-twice
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, variables)  # also: step/updated-twice
    for v, g in zip(variables, grads):
        v.assign_sub(0.01 * g)  # expect: step/updated-twice
# %% a plain variable that Keras 3 does not track
class Shifted(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)
        self.shift = tf.Variable(0.5, name="shift")  # expect: step/untracked-variable
    def call(self, inputs):
        return self.dense(inputs) + self.shift  # also: step/untracked-variable
net = Shifted()
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, net(xb))
    grads = tape.gradient(loss, net.trainable_variables)  # also: step/untracked-variable
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% a plain variable that Keras 3 does not track, fit
class Shifted(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)
        self.shift = tf.Variable(0.5, name="shift")  # expect: step/untracked-variable
    def call(self, inputs):
        return self.dense(inputs) + self.shift  # also: step/untracked-variable
net = Shifted()
net.compile("sgd", "mse")
net.fit(x, y, verbose=0)  # status: ok ok # also: step/untracked-variable
# %% a layer in a closure
hidden = layers.Dense(4, activation="relu")  # also: step/untracked-variable
class Closed(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = layers.Dense(1)
        parts = [hidden]
        self.features = lambda t: parts[0](t)  # also: step/untracked-variable
    def call(self, inputs):
        return self.out(self.features(inputs))  # expect: step/untracked-variable
net = Closed()
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, net(xb))
    grads = tape.gradient(loss, net.trainable_variables)  # also: step/untracked-variable
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% near: only the head is trained, by the list of variables
feature, head = layers.Dense(4, activation="tanh"), layers.Dense(1)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, head(feature(xb)))
    grads = tape.gradient(loss, head.trainable_variables)
    optimizer.apply_gradients(zip(grads, head.trainable_variables))
# %% None gradients skipped by hand
unused = tf.Variable(1.0, name="unused")
variables = model.trainable_variables + [unused]
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, variables)  # status: ok ok ok ok none # expect: none/unused-variable
    optimizer.apply_gradients((g, v) for g, v in zip(grads, variables) if g is not None)
# %% a scale that overflows in every step
net = keras.Sequential([keras.Input((4,)), layers.Dense(3, dtype="mixed_float16"), layers.Dense(1, dtype="float32")])
opt = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0 ** 24, dynamic_growth_steps=2)  # also: step/skipped-by-loss-scale
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = 1000.0 * loss_fn(yb, net(xb))
        scaled = opt.scale_loss(loss)
    grads = tape.gradient(scaled, net.trainable_variables)  # also: step/skipped-by-loss-scale
    opt.apply_gradients(zip(grads, net.trainable_variables))  # expect: step/skipped-by-loss-scale
# allow: nonfinite/overflow
# %% an update that destroys the weights
sgd = keras.optimizers.SGD(1e20)  # also: step/update-destroys-weights
for xb, yb in dataset.take(2):
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))  # also: nonfinite/overflow or nonfinite/bad-variable-value
    grads = tape.gradient(loss, model.trainable_variables)
    sgd.apply_gradients(zip(grads, model.trainable_variables))  # expect: step/update-destroys-weights or nonfinite/overflow or nonfinite/bad-variable-value
# allow: nonfinite/overflow nonfinite/bad-variable-value scale/unscaled-loss-or-data zero/saturated-activation
# %% near: two optimizers for two parts
one, two = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.01)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    one.apply_gradients(zip(grads[:2], model.trainable_variables[:2]))
    two.apply_gradients(zip(grads[2:], model.trainable_variables[2:]))
# %% near: a warm-up that starts at zero
schedule = keras.optimizers.schedules.PolynomialDecay(0.0, 4, end_learning_rate=0.1)
sgd = keras.optimizers.SGD(schedule)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    sgd.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
# %% near: a new optimizer for each phase
for phase in range(2):
    model.layers[0].trainable = phase == 1
    opt = keras.optimizers.Adam(1e-3)
    for xb, yb in dataset:
        with tf.GradientTape() as tape:
            loss = loss_fn(yb, model(xb))
        opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
# %% near: the best weights restored at the end
best = model.get_weights()
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
model.set_weights(best)
# %% near: models for a search over settings
scores = {}
for units in (2, 4):
    net = keras.Sequential([keras.Input((4,)), layers.Dense(units, activation="relu"), layers.Dense(1)])
    opt = keras.optimizers.Adam(1e-2)
    for xb, yb in dataset:
        with tf.GradientTape() as tape:
            loss = loss_fn(yb, net(xb))
        opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    scores[units] = float(loss_fn(y, net(x)))
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
# %% file trainer.py
import tensorflow as tf

class Trainer:
    def __init__(self, model):
        self.model = model

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.model(x) - y) ** 2)
        grads = tape.gradient(loss, self.model.trainable_variables)  # expect: step/gradients-not-applied
        return loss
# %% never applied in an imported file
from trainer import Trainer
trainer = Trainer(model)
losses = [float(trainer.step(x, y)) for _ in range(4)]
