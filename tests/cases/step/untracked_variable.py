import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
optimizer = keras.optimizers.SGD(0.1)
# %% a plain variable of a model
class Shifted(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.shift = tf.Variable(0.5, name="shift")  # expect: step/untracked-variable
    def call(self, inputs):
        return self.dense(inputs) + self.shift
net = Shifted()
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% near: a weight of the model
class Tracked(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.shift = self.add_weight(shape=(), initializer="zeros", name="shift")
    def call(self, inputs):
        return self.dense(inputs) + self.shift
net = Tracked()
sgd = keras.optimizers.SGD(0.1)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    grads = tape.gradient(loss, net.trainable_variables)
    sgd.apply_gradients(zip(grads, net.trainable_variables))
# %% setup
import tensorflow as tf
import keras
x = tf.random.normal((32, 4))
y = tf.reduce_sum(x, axis=1, keepdims=True)
class Linear:
    def __init__(self, inputs, outputs):
        self.w = tf.Variable(tf.random.normal((inputs, outputs)))
    def __call__(self, inputs):
        return inputs @ self.w  # expect: step/untracked-variable
class Stack(tf.Module):
    def __init__(self):
        super().__init__()
        self.hidden = [Linear(4, 8), Linear(8, 8)]
        self.out = tf.Variable(tf.random.normal((8, 1)))
    def __call__(self, inputs):
        for layer in self.hidden:
            inputs = tf.tanh(layer(inputs))
        return inputs @ self.out
class Tracked(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal((4, 1)))
        self.teacher = Linear(4, 1)
    def __call__(self, inputs):
        return inputs @ self.w
stack, tracked = Stack(), Tracked()
opt = keras.optimizers.SGD(0.01)
# %% a module that holds its parts as plain objects
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((stack(x) - y) ** 2)
    grads = tape.gradient(loss, stack.trainable_variables)
    opt.apply_gradients(zip(grads, stack.trainable_variables))
# %% near: a plain object whose variables are asked for besides
both = [*stack.trainable_variables, *(layer.w for layer in stack.hidden)]
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((stack(x) - y) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, both), both))
# %% near: a teacher behind stop_gradient
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tracked(x) - tf.stop_gradient(tracked.teacher(x))) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, tracked.trainable_variables), tracked.trainable_variables))
# %% near: alternating, each with its own optimizer
opt2 = keras.optimizers.SGD(0.01)
hidden = [layer.w for layer in stack.hidden]
for turn in range(4):
    mine, mover = (stack.trainable_variables, opt) if turn % 2 else (hidden, opt2)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((stack(x) - y) ** 2)
    mover.apply_gradients(zip(tape.gradient(loss, mine), mine))
# %% setup
import numpy as np
import tensorflow as tf
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
log_scale = tf.Variable(0.0, trainable=True, name="log_scale")  # expect: step/untracked-variable
weight = tf.Variable(0.5, name="weight")
beta = tf.Variable(0.5, trainable=False, name="beta")
rate = tf.Variable(0.5, name="rate")
def scaled(y_true, y_pred):
    return tf.reduce_mean(tf.square(y_true - y_pred)) * tf.exp(-log_scale) + log_scale
def weighted(y_true, y_pred):
    return weight * tf.reduce_mean(tf.square(y_true - y_pred))
def fixed(y_true, y_pred):
    return beta * rate * tf.reduce_mean(tf.square(y_true - y_pred))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
# %% a variable of the loss that is said to be trainable
model.compile("sgd", scaled)
history = model.fit(x, y, epochs=2, verbose=0)
# %% near: a loss weight that is not said to be trained
model.compile("sgd", weighted)
history = model.fit(x, y, epochs=2, verbose=0)
# %% near: constants and values that are assigned
model.compile("sgd", fixed)
for epoch in range(2):
    rate.assign(0.5 + 0.1 * epoch)
    history = model.fit(x, y, verbose=0)
# %% near: asked for in a loop of its own
opt = keras.optimizers.SGD(0.01)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = scaled(y, model(x))
    variables = [*model.trainable_variables, log_scale]
    opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
# %% near: only the head is trained on purpose
body = tf.Variable(tf.random.normal((4, 4)), name="body")
head = tf.Variable(tf.random.normal((4, 1)), name="head")
opt = keras.optimizers.SGD(0.01)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.tanh(x @ body) @ head - y) ** 2)
    opt.apply_gradients([(tape.gradient(loss, head), head)])
# %% setup
import tensorflow as tf
import keras
x, y = tf.random.normal((32, 4)), tf.random.normal((32, 1))
class Mix(keras.layers.Layer):
    def __init__(self, n):
        super().__init__()
        self.scales = [tf.Variable(tf.random.normal((4,)), name=f"s{i}") for i in range(n)]  # expect: step/untracked-variable
    def call(self, x):
        return tf.add_n([x * s for s in self.scales])
class Fixed(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.table = {"scale": tf.Variable(tf.random.normal((4,)), trainable=False)}
        self.weight = self.add_weight(shape=(4,), initializer="ones", name="weight")
    def call(self, x):
        return x * self.table["scale"] * self.weight
mixed = keras.Sequential([keras.Input((4,)), Mix(3), keras.layers.Dense(1)])
mixed.compile("adam", "mse")
fixed = keras.Sequential([keras.Input((4,)), Fixed(), keras.layers.Dense(1)])
fixed.compile("adam", "mse")
# %% a list of variables of a layer from an earlier cell, under fit
mixed.fit(x, y, epochs=2, verbose=0)
# %% near: variables of a layer that are not to be trained, under fit
fixed.fit(x, y, epochs=2, verbose=0)
# %% setup
import keras
import tensorflow as tf
class Doubled(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = keras.layers.Dense(1)
    def call(self, values, shift=0.0):
        return self.out(values * 2.0 + shift)
features = tf.Variable(tf.random.stateless_normal((8, 3), seed=[1, 2]), name="features")
shift = tf.Variable(tf.ones((3,)), name="shift")
doubled = Doubled()
doubled(features)
optimizer = keras.optimizers.SGD(0.01)
# %% near: data that a model is called with stand in variables
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(doubled(features, shift=shift)))
    grads = tape.gradient(loss, doubled.trainable_variables)
    optimizer.apply_gradients(zip(grads, doubled.trainable_variables))
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(4)
x = np.random.default_rng(1).normal(size=(32, 6)).astype("float32")
def coder(size, name):
    return keras.Sequential([keras.Input((6 if name == "encoder" else 3,)), layers.Dense(8, activation="tanh"), layers.Dense(size)], name=name)
class Autoencoder(keras.Model):
    def __init__(self, **call):
        super().__init__()
        self.encoder, self.decoder, self.given = coder(3, "encoder"), coder(6, "decoder"), call
    def call(self, inputs):
        return self.decoder(self.encoder(inputs))
    def train_step(self, data):
        with tf.GradientTape() as tape:
            code = self.encoder(data, **self.given)
            loss = tf.reduce_mean((self.decoder(code) - data) ** 2)
        weights = self.decoder.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))  # expect: step/untracked-variable
        return {"loss": loss}
encoder, decoder, optimizer = coder(3, "encoder"), coder(6, "decoder"), keras.optimizers.SGD(0.1)
image = tf.Variable(x[:2], name="image")
# %% a part of the model that fit runs
model = Autoencoder()
model.compile("sgd")
history = model.fit(x, batch_size=8, verbose=0)
# %% near: a part that is called as for inference
model = Autoencoder(training=False)
model.compile("sgd")
history = model.fit(x, batch_size=8, verbose=0)
# %% near: a part that is frozen
model = Autoencoder()
model.encoder.trainable = False
model.compile("sgd")
history = model.fit(x, batch_size=8, verbose=0)
# %% near: an encoder beside a decoder in a loop of one's own
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((decoder(encoder(x)) - x) ** 2)
    grads = tape.gradient(loss, decoder.trainable_variables)  # note: step/untracked-variable
    optimizer.apply_gradients(zip(grads, decoder.trainable_variables))
# %% near: half of a model
whole = keras.Sequential([keras.Input((6,)), encoder, decoder])
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((whole(x) - x) ** 2)
    grads = tape.gradient(loss, decoder.trainable_variables)  # note: step/untracked-variable
    optimizer.apply_gradients(zip(grads, decoder.trainable_variables))
# %% near: an image in front of a network
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(encoder(image) ** 2)
    optimizer.apply_gradients([(tape.gradient(loss, image), image)])
# %% near: both in turns
for step in range(3):
    for part in (encoder, decoder):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((decoder(encoder(x)) - x) ** 2)
        weights = part.trainable_variables
        grads = tape.gradient(loss, weights)
        keras.optimizers.SGD(0.1).apply_gradients(zip(grads, weights))
# %% near: a loss that does not reach it
for step in range(3):
    with tf.GradientTape() as tape:
        code = tf.stop_gradient(encoder(x))
        loss = tf.reduce_mean((decoder(code) - x) ** 2)
    grads = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(grads, decoder.trainable_variables))
# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((12, 3), seed=2), tf.random.normal((12, 1), seed=3)
optimizer = keras.optimizers.SGD(0.01)
def mixed(rows, weight=None):
    if weight is None:
        weight = tf.Variable(tf.ones((rows.shape[-1], 2)), name="weight")  # expect: step/untracked-variable
    return rows @ weight
class Anew(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = keras.layers.Dense(1)
    def call(self, rows):
        return self.out(mixed(rows))
class Lazy(keras.Model):
    def __init__(self):
        super().__init__()
        self.out, self.weight = keras.layers.Dense(1), self.add_weight(shape=(3, 2), name="weight")
    def call(self, rows):
        return self.out(mixed(rows, self.weight))
anew, lazy = Anew(), Lazy()
anew(x)
# %% a function of the forward pass that makes a variable in every call
for turn in range(3):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean((anew(x) - y) ** 2)
    grads = tape.gradient(error, anew.trainable_variables)
    optimizer.apply_gradients(zip(grads, anew.trainable_variables))
# %% near: a function of the forward pass that is handed the weight
for turn in range(3):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean((lazy(x) - y) ** 2)
    grads = tape.gradient(error, lazy.trainable_variables)
    keras.optimizers.SGD(0.01).apply_gradients(zip(grads, lazy.trainable_variables))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
x, y = tf.random.normal((16, 5)), tf.random.normal((16, 1))
class Rows(keras.Model):
    def __init__(self, late):
        super().__init__()
        self.rows = []
        for units in (4, 3):
            row = [] if late else [keras.layers.Dense(units)]
            self.rows.append(row)
            if late:
                row.append(keras.layers.Dense(units))
        self.out = keras.layers.Dense(1)
    def call(self, h):
        for row in self.rows:
            h = row[0](h)  # expect: step/untracked-variable
        return self.out(h)
optimizer = keras.optimizers.SGD(0.1)
# %% layers that are added to an inner list when it is in the outer one
model = Rows(late=True)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% near: inner lists that are whole when they are added
model = Rows(late=False)
optimizer = keras.optimizers.SGD(0.1)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
class Scaled(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.scales = [tf.Variable(1.0), tf.Variable(tf.ones(3))]  # expect: step/untracked-variable
        self.kept = {"offset": tf.Variable(0.0, trainable=False)}
    def call(self, inputs):
        return inputs * self.scales[0] * self.scales[1] + self.kept["offset"]
scaled = keras.Sequential([keras.Input((3,)), Scaled(), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.01)
# %% plain variables in a list, of a model of an earlier cell
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(scaled(x) - y))
    grads = tape.gradient(loss, scaled.trainable_variables)
    optimizer.apply_gradients(zip(grads, scaled.trainable_variables))
# %% near: they are asked for beside the model's own
weights = scaled.trainable_variables + scaled.layers[0].scales
both = keras.optimizers.SGD(0.01)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(scaled(x) - y))
    grads = tape.gradient(loss, scaled.trainable_variables + scaled.layers[0].scales)
    for weight, grad in zip(weights, grads):
        weight.assign_sub(0.01 * grad)
# %% near: a statistic that the layer moves by itself
class Centred(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.mean = tf.Variable(tf.zeros(3))
    def call(self, inputs):
        self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(inputs, 0))
        return inputs - self.mean
centred = keras.Sequential([Centred(), keras.layers.Dense(1)])
centred(x)
slow = keras.optimizers.SGD(0.01)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(centred(x) - y))
    slow.apply_gradients(zip(tape.gradient(loss, centred.trainable_variables), centred.trainable_variables))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(32)
class Curve(tf.Module):
    def __init__(self):
        super().__init__()
        self.bend = keras.layers.Dense(5, activation="tanh")
        self.sum = keras.layers.Dense(1)
        self.lift = tf.Variable(0.1, name="lift")
    def __call__(self, x):
        h = self.bend(x)  # expect: step/untracked-variable
        return self.sum(h) + self.lift
class Pair(tf.Module):
    def __init__(self):
        super().__init__()
        self.curves = [Curve(), Curve()]
        self.mix = tf.Variable([0.5, 0.5], name="mix")
    def __call__(self, x):
        return self.mix[0] * self.curves[0](x) + self.mix[1] * self.curves[1](x)
points = tf.random.normal((16, 2))
sgd = keras.optimizers.SGD(0.05)
# %% layers of Keras in a module
curve = Curve()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((curve(points) - 1.0) ** 2)
grads = tape.gradient(loss, curve.trainable_variables)
sgd.apply_gradients(zip(grads, curve.trainable_variables))
# %% in modules of a module
pair = Pair()
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((pair(points) - 1.0) ** 2)
    grads = tape.gradient(loss, pair.trainable_variables)
    for variable, grad in zip(pair.trainable_variables, grads):
        variable.assign_sub(0.1 * grad)
# %% in a compiled step
curve = Curve()
curve(points)
@tf.function
def train():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((curve(points) - 1.0) ** 2)
    grads = tape.gradient(loss, curve.trainable_variables)
    curve.lift.assign_sub(0.1 * grads[0])
    return loss
train()
# %% near: the layers have an optimizer of their own
curve = Curve()
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_mean((curve(points) - 1.0) ** 2)
first = tape.gradient(loss, curve.trainable_variables)
layers = curve.bend.trainable_variables + curve.sum.trainable_variables
second = tape.gradient(loss, layers)
curve.lift.assign_sub(0.1 * first[0])
keras.optimizers.SGD(0.1).apply_gradients(zip(second, layers))
# %% near: layers that are frozen
curve = Curve()
curve.bend.trainable = curve.sum.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((curve(points) - 1.0) ** 2)
grads = tape.gradient(loss, curve.trainable_variables)
keras.optimizers.SGD(0.1).apply_gradients(zip(grads, curve.trainable_variables))
# %% near: asked for all together
curve = Curve()
curve(points)
every = [*curve.trainable_variables, *curve.bend.trainable_variables, *curve.sum.trainable_variables]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((curve(points) - 1.0) ** 2)
grads = tape.gradient(loss, every)
keras.optimizers.SGD(0.1).apply_gradients(zip(grads, every))
