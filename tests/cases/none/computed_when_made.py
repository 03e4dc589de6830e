import keras
import tensorflow as tf
keras.utils.set_random_seed(5)

class Warp(keras.layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def build(self, shape):
        self.bend = self.add_weight(shape=(shape[-1], 3), name="bend", initializer="glorot_uniform")
        if self.factor != 1:
            self.bend = self.bend * self.factor  # expect: none/outside-tape

    def call(self, inputs):
        return inputs @ self.bend

class Level(keras.layers.Layer):
    def build(self, shape):
        self.raw = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.level = tf.nn.softplus(self.raw)

    def call(self, inputs):
        return inputs * self.level

x, y = tf.random.normal((32, 4)), tf.random.normal((32, 3))
warp, plain = Warp(2.0), Warp(1)
both = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), warp])
healthy = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), plain])
for model in (both, healthy):
    model.compile("sgd", "mse")
# %% fit
both.fit(x, y, verbose=0)  # status: ok ok none
# allow: step/silently-skipped
# %% a tape
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((both(x) - y) ** 2)
grads = tape.gradient(loss, both.trainable_variables)  # status: ok ok none
# %% near: the factor is one
healthy.fit(x, y, verbose=0)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)

class Level(keras.layers.Layer):
    def build(self, shape):
        self.raw = self.add_weight(shape=(shape[-1],), initializer="ones")
        self.level = tf.nn.softplus(self.raw)  # expect: none/outside-tape

    def call(self, inputs):
        return inputs * self.level

class Shift(keras.layers.Layer):
    def build(self, shape):
        self.raw = self.add_weight(shape=(shape[-1],), initializer="ones", name="raw")

    def call(self, inputs):
        return inputs + 0.5 if inputs.shape[-1] != 4 else inputs * 2.0

x, y = tf.random.normal((32, 4)), tf.random.normal((32, 4))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Level()])
other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), Shift()])
model(x), other(x)
# %% another attribute
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok none
# %% near: a weight of another layer that nothing reads
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((other(x) - y) ** 2)
grads = tape.gradient(loss, other.trainable_variables)  # status: ok ok none
# %% setup
import tensorflow as tf

class Rbf:
    def __init__(self, height, width):
        self.height, self.width = height, width

    def gram(self, points):
        return self.height * tf.exp(-tf.square(points - tf.transpose(points)) / self.width)

class Process:
    def __init__(self, kernel, points):
        self.gram = kernel.gram(points) + 0.1 * tf.eye(6)  # also: none/outside-tape
        self.factor = tf.linalg.cholesky(self.gram)  # expect: none/outside-tape

    def loss(self, values):
        return tf.reduce_sum(values * tf.linalg.cholesky_solve(self.factor, values))

class Later:
    def __init__(self, kernel, points):
        self.kernel, self.points = kernel, points

    @property
    def factor(self):
        return tf.linalg.cholesky(self.kernel.gram(self.points) + 0.1 * tf.eye(6))

    def loss(self, values):
        return tf.reduce_sum(values * tf.linalg.cholesky_solve(self.factor, values))

points, values = tf.reshape(tf.range(6.0), (6, 1)), tf.ones((6, 1))
height, width, unused = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3.0)
process, later = Process(Rbf(height, width), points), Later(Rbf(height, width), points)
# %% an object made of an object
with tf.GradientTape() as tape:
    loss = process.loss(values)
grads = tape.gradient(loss, [height, width])  # status: none none
# %% in a loop and a function
def step():
    with tf.GradientTape() as tape:
        loss = process.loss(values)
    return tape.gradient(loss, [height, width])  # status: none none
for _ in range(2):
    step()
# %% beside a variable that nothing reads
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = process.loss(values)
grads = tape.gradient(loss, [height, unused])
# %% near: a property
with tf.GradientTape() as tape:
    loss = later.loss(values)
grads = tape.gradient(loss, [height, width])  # status: ok ok
# %% near: a property, and a variable that nothing reads
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = later.loss(values)
grads = tape.gradient(loss, [height, unused])  # status: ok none
# %% setup
import tensorflow as tf
raw = tf.Variable([0.5, 1.0])
inputs = tf.ones((3, 2))

class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.raw = tf.Variable([0.5, 1.0])
        self.scales = None

    def prepare(self):
        self.scales = tf.exp(self.raw)  # expect: none/outside-tape

    def __call__(self, inputs):
        return inputs * self.scales

model = Model()
model.prepare()
# %% a method that ran in an earlier cell
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(inputs))
grads = tape.gradient(loss, model.trainable_variables)  # status: none
# %% setup
import dataclasses
import tensorflow as tf
rate, offset = tf.Variable([0.5, 1.0]), tf.Variable([1.0, 1.0])
inputs = tf.ones((3, 2))

@dataclasses.dataclass
class Settings:
    scale: tf.Tensor
    bias: tf.Tensor

settings = Settings(scale=tf.nn.softplus(rate), bias=offset)  # expect: none/outside-tape
# %% a dataclass
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * settings.scale + settings.bias)
grads = tape.gradient(loss, [rate, offset])  # status: none ok
# %% setup
import tensorflow as tf
rate, offset = tf.Variable([0.5, 1.0]), tf.Variable([1.0, 1.0])
inputs = tf.ones((3, 2))
params = {"scale": tf.nn.softplus(rate), "bias": offset, "shift": tf.zeros((2,))}  # expect: none/outside-tape
# %% a dict
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * params["scale"] + params["bias"])
grads = tape.gradient(loss, [rate, offset])  # status: none ok
# %% a dict in a function
def forward(p):
    return inputs * p["scale"]
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(forward(params))
grads = tape.gradient(loss, [rate])  # status: none
# %% near: another item of the dict
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * params["bias"] + params["shift"])
grads = tape.gradient(loss, [rate, offset])  # status: none ok
# %% setup
import tensorflow as tf
rate = tf.Variable([0.5, 1.0])
inputs = tf.ones((3, 2))

def make_forward():
    scale = tf.nn.softplus(rate)  # expect: none/outside-tape
    def forward(x):
        return x * scale
    return forward

forward = make_forward()
# %% a closure
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(forward(inputs))
grad = tape.gradient(loss, rate)  # status: none
# %% setup
import tensorflow as tf
logs = [tf.Variable(0.1), tf.Variable(0.2)]
inputs = tf.ones((3, 2))
scales = [tf.exp(log) for log in logs]  # expect: none/outside-tape
first, c = logs[0], tf.constant([2.0, 3.0])
# %% a comprehension
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * scales[0] * scales[1])
grads = tape.gradient(loss, logs)  # status: none none
# %% a loop over it
with tf.GradientTape() as tape:
    loss = tf.constant(0.0)
    for scale in scales:
        loss += tf.reduce_sum(inputs * scale)
grads = tape.gradient(loss, logs)  # status: none none
# %% near: the other one of a list
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * first * c)
grads = tape.gradient(loss, logs)  # status: ok none
# %% near: for a plot
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * c)
grads = tape.gradient(loss, logs)  # status: none none
print(scales[0])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)

class Voice(keras.layers.Layer):
    def __init__(self, speakers):
        super().__init__()
        self.speakers, self.cached = speakers, None
        self.table = self.add_weight(shape=(4, 4), name="table")
        self.gain = self.add_weight(shape=(4,), name="gain", initializer="ones")

    def call(self, inputs):
        if self.speakers > 1:
            inputs = inputs @ self.table
        if self.cached is None:
            self.cached = tf.nn.softplus(self.gain)  # expect: none/outside-tape
        return inputs * self.cached

x = tf.random.normal((8, 4))
voice = Voice(1)
first = voice(x)
# %% kept by the first call
# allow: none/branch-not-taken none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(voice(x) ** 2)
grads = tape.gradient(loss, voice.trainable_variables)  # status: none none
# %% setup
import tensorflow as tf
w, v = tf.Variable([1.0, 2.0], name="w"), tf.Variable([3.0, 1.0], name="v")
c = tf.constant([1.0, 3.0])
def mixed(inputs, weights, sharp):
    if sharp:
        inputs = inputs * tf.exp(weights)
    return inputs * 2.0
shown = mixed(c, v, True)
print(shown)
# %% near: a branch that was taken in another cell
# allow: none/branch-not-taken none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(mixed(w, v, False))
grads = tape.gradient(loss, [w, v])  # status: ok none
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)

class Scored(keras.layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(4, 2), name="kernel")
        self.unread = self.add_weight(shape=(4, 2), name="unread")

    def call(self, inputs):
        return inputs @ self.kernel

def error(truth, guess):
    return tf.reduce_mean(tf.square(truth - guess)) * 2.0

x, y = tf.random.normal((16, 4)), tf.random.normal((16, 2))
scored = Scored()
model = keras.Sequential([keras.Input((4,)), scored])
model.compile("sgd", error)
print(error(y, x @ scored.unread))
# %% near: the loss was called with it, and Keras calls it with something else
# allow: none/unused-variable step/silently-skipped
model.fit(x, y, verbose=0)
# %% near: called by name as well
# allow: none/unused-variable
for chosen in (error, error):
    with tf.GradientTape() as tape:
        loss = chosen(y, model(x))
    grads = tape.gradient(loss, model.trainable_variables)
