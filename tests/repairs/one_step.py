# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import layers
rng = np.random.default_rng(5)
class Pooling(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 1), name="w")
    def call(self, h):
        score = tf.tanh(h @ self.w)
        return tf.reduce_sum(tf.nn.softmax(score, axis=1) * h, axis=1)
table = rng.normal(size=(40, 6)).astype("float32")
y = table[:, :1] * 0.5
X = table.reshape(table.shape[0], 1, table.shape[1])
inputs = keras.Input(X.shape[1:])
model = keras.Model(inputs, layers.Dense(1)(Pooling()(layers.GRU(5, return_sequences=True)(inputs))))
model.compile("sgd", "mse")
other = np.reshape(table, (-1, 1, 6))
entrance = keras.Input((1, 6))
h = layers.GRU(5, return_sequences=True)(entrance)
weights = layers.Softmax(axis=1)(layers.Dense(1, name="score")(h))
second = keras.Model(entrance, layers.Dense(1)(layers.Flatten()(layers.Dot(axes=1)([weights, h]))))
second.compile("sgd", "mse")
# %% columns that were made the features of one step
# fix: zero/single-unit-softmax
# becomes: X = table.reshape(table.shape[0], table.shape[1], 1)
history = model.fit(X, y, verbose=0)
# %% a shape that is written down
# fix: zero/single-unit-softmax
# becomes: other = np.reshape(table, (-1, 6, 1))
# becomes: entrance = keras.Input((6, 1))
# becomes: X = table.reshape(table.shape[0], 1, table.shape[1])
history = second.fit(other, y, verbose=0)
# %% near: one class
# untried: zero/single-unit-softmax
# gone: X = table.reshape(table.shape[0], table.shape[1], 1)
# becomes: p = tf.sigmoid(table @ v)
v = tf.Variable(tf.ones((6, 1)))
with tf.GradientTape() as tape:
    p = tf.nn.softmax(table @ v)
    loss = tf.reduce_mean((p - y) ** 2)
grad = tape.gradient(loss, v)
# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import layers
keras.utils.set_random_seed(0)
series = np.sin(0.3 * np.arange(60)).astype("float32")
windows = np.lib.stride_tricks.sliding_window_view(series, 9)
lags, following = windows[:, :-1], windows[:, -1:]
features = np.reshape(lags, (lags.shape[0], 1, lags.shape[1]))  # samples, steps, features
forecast = keras.Sequential([
    keras.Input((1, 8)),
    layers.LSTM(4),
    layers.Dense(1),
])
forecast.compile("sgd", "mse")
table = lags.reshape(-1, 1, 8)
# %% lags that were made the features of one step
# fix: zero/stationary-point
# becomes: features = np.reshape(lags, (lags.shape[0], lags.shape[1], 1))  # samples, steps, features
# becomes: keras.Input((8, 1)),
forecast.fit(features, following, epochs=1, verbose=0)
# %% under a tape
# fix: zero/stationary-point
# becomes: table = lags.reshape(-1, 8, 1)
# becomes: net = keras.Sequential([keras.Input((8, 1)), layers.GRU(4), layers.Dense(1)])
net = keras.Sequential([keras.Input((1, 8)), layers.GRU(4), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(table) - following))
grads = tape.gradient(loss, net.trainable_variables)
