# %% setup
import numpy as np
import tensorflow as tf
import keras
x, y = np.random.default_rng(0).normal(size=(32, 4)).astype("float32"), np.ones((32, 1), "float32")
class Tower:
    """Two layers; no layer itself."""
    def __init__(self, units):
        self.blocks = {"a": keras.layers.Dense(units, activation="relu"), "b": keras.layers.Dense(units)}
    def __call__(self, inputs):
        return self.blocks["b"](self.blocks["a"](inputs))
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.tower, self.head = Tower(8), keras.layers.Dense(1)
    def call(self, inputs):
        return self.head(self.tower(inputs))
# %% layers in a plain object
# fix: step/untracked-variable
# becomes: class Tower(keras.layers.Layer):
# becomes: super().__init__()
# becomes: def call(self, inputs):
net = Net()
net.compile("adam", "mse")
history = net.fit(x, y, verbose=0)
# %% setup
import tensorflow as tf
import keras
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
class Linear(object):
    def __init__(self, n):
        self.w = tf.Variable(tf.random.normal((4, n)))
    def __call__(self, inputs):
        return inputs @ self.w
class Block:
    def __init__(self):
        self.linear = Linear(1)
    def forward(self, inputs):
        return self.linear(inputs)
class Stack(tf.Module):
    def __init__(self):
        super().__init__()
        self.block, self.shift = Block(), tf.Variable(0.1)
    def __call__(self, inputs):
        return self.block.forward(inputs) + self.shift
stack, opt = Stack(), keras.optimizers.SGD(0.01)
# %% objects in objects of a module
# fix: step/untracked-variable
# becomes: class Linear(tf.Module):
# becomes: class Block(tf.Module):
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((stack(x) - y) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, stack.trainable_variables), stack.trainable_variables))
# %% setup
import tensorflow as tf
import keras
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
class Scaled(keras.layers.Layer):
    def __init__(self, n):
        super().__init__()
        self.gain = tf.Variable(1.0, name="gain")
        self.scales = []
        for i in range(n):
            self.scales.append(tf.Variable(1.0 + i))
    def build(self, shape):
        self.w = tf.Variable(tf.zeros((shape[-1], 2)), trainable=True)
    def call(self, inputs):
        return (inputs * self.gain * self.scales[0] * self.scales[1]) @ self.w
# %% a list of variables in a layer
# fix: step/untracked-variable
# becomes: self.gain = self.add_weight(shape=(), initializer=keras.initializers.Constant(1.0), name="gain")
# becomes: self.scales.append(keras.Variable(1.0 + i))
# becomes: self.w = self.add_weight(shape=(shape[-1], 2), initializer="zeros", name="w")
model = keras.Sequential([Scaled(2), keras.layers.Dense(1)])
model.compile("sgd", "mse")
history = model.fit(x, y, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
x, y = np.random.default_rng(0).normal(size=(32, 4)).astype("float32"), np.ones((32, 1), "float32")
log_scale = tf.Variable(0.0, trainable=True, name="log_scale")
def scaled(y_true, y_pred):
    return tf.reduce_mean(tf.square(y_true - y_pred)) * tf.exp(-log_scale) + log_scale
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
inner = keras.layers.Dense(3)
entrance = keras.Input((4,))
around = keras.Model(entrance, keras.layers.Dense(1)(keras.layers.Lambda(lambda t: inner(t))(entrance)))
# %% a variable of the loss that fit does not know
# fix: step/untracked-variable
# becomes: log_scale = log_scale_layer.log_scale
# becomes: model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1), log_scale_layer])
model.compile("sgd", scaled)
history = model.fit(x, y, verbose=0)
# %% a variable of the loss in a loop
# fix: step/untracked-variable
# becomes: opt.apply_gradients(zip(grads, [*model.trainable_variables, log_scale]))
opt = keras.optimizers.SGD(0.01)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = scaled(y, model(x))
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))
# %% a layer inside a function
# fix: step/untracked-variable
# becomes: around = keras.Model(entrance, keras.layers.Dense(1)(inner(entrance)))
around.compile("sgd", "mse")
history = around.fit(x, y, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
x = np.random.default_rng(1).normal(size=(32, 6)).astype("float32")
class Autoencoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([keras.Input((6,)), layers.Dense(3, activation="tanh")], name="encoder")
        self.decoder = keras.Sequential([keras.Input((3,)), layers.Dense(6)], name="decoder")
    def call(self, inputs):
        return self.decoder(self.encoder(inputs))
    def train_step(self, data):
        with tf.GradientTape() as tape:
            hidden = self.encoder(data)
            loss = tf.reduce_mean((self.decoder(hidden) - data) ** 2)
        weights = self.decoder.trainable_variables  # what is trained
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}
class WrittenTwice(Autoencoder):
    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.decoder(self.encoder(data)) - data) ** 2)
        grads = tape.gradient(loss, self.decoder.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.decoder.trainable_weights))
        return {"loss": loss}
# %% an encoder whose variables a step leaves out
# fix: step/untracked-variable
# becomes: weights = self.decoder.trainable_variables + self.encoder.trainable_variables  # what is trained
model = Autoencoder()
model.compile("sgd")
history = model.fit(x, batch_size=8, verbose=0)
# %% an encoder, where the list stands twice
# fix: step/untracked-variable
# becomes: grads = tape.gradient(loss, self.decoder.trainable_weights + self.encoder.trainable_variables)
# becomes: self.optimizer.apply_gradients(zip(grads, self.decoder.trainable_weights + self.encoder.trainable_variables))
model = WrittenTwice()
model.compile("sgd")
history = model.fit(x, batch_size=8, verbose=0)
# %% an encoder in front of a decoder
# fix: step/untracked-variable
# becomes: grads = tape.gradient(loss, decoder.trainable_variables + encoder.trainable_variables)
encoder, decoder = layers.Dense(3, activation="tanh"), layers.Dense(6)
optimizer = keras.optimizers.SGD(0.1)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((decoder(encoder(x)) - x) ** 2)
    grads = tape.gradient(loss, decoder.trainable_variables)
    optimizer.apply_gradients(zip(grads, decoder.trainable_variables))
