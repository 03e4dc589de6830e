# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import ops
x = np.random.default_rng(3).normal(size=(32, 3)).astype("float32")
y = x.sum(axis=1, keepdims=True)
class Cauchy(keras.losses.Loss):
    def __init__(self, start=0.0):
        super().__init__(name="cauchy")
        self.log_scale = keras.Variable(start, trainable=True, name="log_scale")
    def call(self, y_true, y_pred):
        return ops.mean(self.log_scale + ops.log1p(ops.square((y_true - y_pred) / ops.exp(self.log_scale))), axis=-1)
class Gaussian(keras.losses.Loss):
    def __init__(self):
        super().__init__()
        self.log_sigma = tf.Variable(0.0, name="log_sigma")
        self.turn = tf.Variable(0, trainable=False)
    def call(self, y_true, y_pred):
        return tf.reduce_mean(self.log_sigma + 0.5 * tf.square(y_true - y_pred) * tf.exp(-2.0 * self.log_sigma), axis=-1)
def net():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
model = net()
# %% a scale under a name
# fix: step/untracked-variable
# becomes: model.log_scale = loss_fn.log_scale
loss_fn = Cauchy()
model.compile("adam", loss=loss_fn)
model.fit(x, y, verbose=0)
# %% a loss that is made in the call
# fix: step/untracked-variable
# becomes: loss_fn = Cauchy(0.5)
# becomes: other.log_scale = loss_fn.log_scale
# becomes: other.compile("adam", loss_fn)
other = net()
other.compile("adam", Cauchy(0.5))
other.fit(x, y, verbose=0)
# %% a variable of TensorFlow
# fix: step/untracked-variable
# becomes: self.log_sigma = keras.Variable(0.0, name="log_sigma")
# becomes: self.turn = tf.Variable(0, trainable=False)
# becomes: third.log_sigma = nll.log_sigma
third, nll = net(), Gaussian()
third.compile(keras.optimizers.SGD(0.01), loss=nll)
third.fit(x, y, verbose=0)
# %% a list of two losses of one class
# fix: step/untracked-variable
# becomes: self.log_sigma = keras.Variable(0.0, name="log_sigma")
# becomes: twins.log_sigma = [each.log_sigma for each in tasks]
seen = keras.Input((3,))
body = keras.layers.Dense(4, activation="relu")(seen)
twins = keras.Model(seen, [keras.layers.Dense(1)(body), keras.layers.Dense(1)(body)])
tasks = [Gaussian(), Gaussian()]
twins.compile("adam", loss=tasks)
twins.fit(x, [y, 0.1 * y], verbose=0)
# %% a dict of losses in the call
# fix: step/untracked-variable
# becomes: losses = {"near": Cauchy(), "far": Cauchy(1.0)}
# becomes: named.log_scale = [each.log_scale for each in losses.values()]
# becomes: named.compile("adam", loss=losses)
entry = keras.Input((3,))
named = keras.Model(entry, {"near": keras.layers.Dense(1, name="near")(entry), "far": keras.layers.Dense(1, name="far")(entry)})
named.compile("adam", loss={"near": Cauchy(), "far": Cauchy(1.0)})
named.fit(x, {"near": y, "far": 0.1 * y}, verbose=0)
