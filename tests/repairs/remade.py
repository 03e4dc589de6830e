# %% setup
import tensorflow as tf
import keras
class Rbf:
    def __init__(self, height, width):
        self.height, self.width = height, width
    def gram(self, points):
        return self.height * tf.exp(-tf.square(points - tf.transpose(points)) / self.width)
class Process:
    def __init__(self, kernel, points):
        self.gram = kernel.gram(points) + 0.1 * tf.eye(6)
        self.factor = tf.linalg.cholesky(self.gram)
    def loss(self, values):
        return tf.reduce_sum(values * tf.linalg.cholesky_solve(self.factor, values))
points, values = tf.reshape(tf.range(6.0), (6, 1)), tf.ones((6, 1))
height, width = tf.Variable(1.0), tf.Variable(2.0)
process = Process(Rbf(height, width), points)  # the model
adam = keras.optimizers.Adam(0.1)
# %% an object made of another one
# fix: none/outside-tape
# becomes: process = Process(Rbf(height, width), points)  # the model
for _ in range(2):
    with tf.GradientTape() as tape:
        # what the data say
        loss = process.loss(values)
    grads = tape.gradient(loss, [height, width])
    if grads[0] is not None:
        adam.apply_gradients(zip(grads, [height, width]))
# %% in a function
# fix: none/outside-tape
# becomes: process = Process(Rbf(height, width), points)  # the model
def step():
    with tf.GradientTape() as tape:
        loss = process.loss(values)
    return tape.gradient(loss, [height, width])
grads = step()
# %% read above the block as well
# fix: none/outside-tape
# becomes: return tf.linalg.cholesky(self.gram)
# gone: process = Process(Rbf(height, width), points)
def step():
    print(process.gram.shape)
    with tf.GradientTape() as tape:
        loss = process.loss(values)
    return tape.gradient(loss, [height, width])
grads = step()
# %% setup
import tensorflow as tf
rate = tf.Variable([0.5, 1.0])
inputs = tf.ones((3, 2))
def make_forward():
    scale = tf.nn.softplus(rate)
    def forward(x):
        return x * scale
    return forward
def drawn():
    scale = tf.nn.softplus(rate) * tf.random.normal((2,))
    return lambda x: x * scale
forward, shaken = make_forward(), None
forward = make_forward()
noisy = drawn()
# %% a function that is made twice
# fix: none/outside-tape
# becomes: scale = tf.nn.softplus(rate)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(forward(inputs))
grad = tape.gradient(loss, rate)
# %% near: what was drawn once
# none: none/outside-tape
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(noisy(inputs))
grad = tape.gradient(loss, rate)
# %% setup
import dataclasses
import tensorflow as tf
rate = tf.Variable([0.5, 1.0])
inputs = tf.ones((3, 2))
@dataclasses.dataclass
class Settings:
    scale: tf.Tensor
    shift: float
def make_forward():
    scale = tf.nn.softplus(rate)
    def forward(x):
        return x * scale
    return forward
settings = Settings(tf.nn.softplus(rate), 1.0)
forward = make_forward()
params = {"scale": tf.nn.softplus(rate)}
# %% a dataclass
# fix: none/outside-tape
# becomes: settings = Settings(tf.nn.softplus(rate), 1.0)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * settings.scale + settings.shift)
grad = tape.gradient(loss, rate)
# %% a dict
# fix: none/outside-tape
# becomes: params = {"scale": tf.nn.softplus(rate)}
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(inputs * params["scale"])
grad = tape.gradient(loss, rate)
# %% a closure
# fix: none/outside-tape
# becomes: forward = make_forward()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(forward(inputs))
grad = tape.gradient(loss, rate)
