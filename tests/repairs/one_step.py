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
