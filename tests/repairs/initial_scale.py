# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(12)
rows = np.random.default_rng(4).normal(size=(48, 16)).astype("float32")
heights = rows[:, :1] - rows[:, 1:2]
def slopes(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(rows) - heights) ** 2)
    return tape.gradient(loss, model.trainable_variables)
# %% one line makes all layers
# fix: scale/exploding-through-depth
# becomes: hidden = [layers.Dense(64, activation="relu", kernel_initializer="he_normal") for _ in range(8)]
hidden = [layers.Dense(64, activation="relu", kernel_initializer=keras.initializers.RandomNormal(stddev=1.0)) for _ in range(8)]
grads = slopes(keras.Sequential([keras.Input((16,)), *hidden, layers.Dense(1)]))
# %% layers with and without an activation, line by line
# fix: scale/exploding-through-depth
# becomes: layers.Dense(96, activation="relu", kernel_initializer="he_normal"),
# becomes: layers.Dense(96, kernel_initializer="glorot_uniform"),
# becomes: layers.Dense(1, kernel_initializer="glorot_uniform"),
starts = keras.initializers.TruncatedNormal(stddev=1.0)
model = keras.Sequential([
    keras.Input((16,)),
    layers.Dense(96, activation="relu", kernel_initializer=starts),
    layers.Dense(96, kernel_initializer=starts),
    layers.Dense(96, activation="relu", kernel_initializer=starts),
    layers.Dense(96, activation="relu", kernel_initializer=starts),
    layers.Dense(96, kernel_initializer=starts),
    layers.Dense(96, activation="relu", kernel_initializer=starts),
    layers.Dense(1, kernel_initializer=starts),
])
grads = slopes(model)
# %% plain matrices
# fix: scale/exploding-through-depth
# becomes: weights = [tf.Variable(tf.random.normal((48, 48), stddev=(2.0 / 48) ** 0.5)) for _ in range(9)]
weights = [tf.Variable(tf.random.normal((48, 48))) for _ in range(9)]
with tf.GradientTape() as tape:
    h = tf.random.normal((8, 48))
    for w in weights:
        h = tf.nn.relu(h @ w)
    loss = tf.reduce_mean(h**2)
grads = tape.gradient(loss, weights)
