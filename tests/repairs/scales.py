# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(4)
rng = np.random.default_rng(4)
def network(bias, size, activation="relu"):
    start = keras.initializers.RandomUniform(0.0, size)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation, kernel_initializer=start, bias_initializer=bias), keras.layers.Dense(8, activation), keras.layers.Dense(1)])
heights = -rng.uniform(900.0, 1500.0, (40, 3)).astype("float32")
rise = heights[:, :1] / 1000.0
pairs = tf.data.Dataset.from_tensor_slices((heights, rise)).batch(20)
depth = tf.random.uniform((40, 3), 900.0, 1500.0, seed=1)
below = tf.reduce_sum(depth, axis=1, keepdims=True) / 3000.0
prices = np.cumsum(rng.normal(0.0, 3.0, (60, 2)), axis=0) + 9000.0
windows = np.stack([prices[i : i + 6] for i in range(50)]).astype("float32")
first, rest = windows[:40], windows[40:]
after = rng.normal(size=(40, 1)).astype("float32")
near_zero = rng.normal(size=(40, 3)).astype("float32")
dead, other, sure, pushed, heavy = network("zeros", 0.2), network("zeros", 0.2), network("zeros", 0.5, "sigmoid"), network(keras.initializers.Constant(-50.0), 0.2), network("zeros", 90.0, "sigmoid")
memory = keras.Sequential([keras.Input((6, 2)), keras.layers.LSTM(6, name="memory"), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(1e-4)
def train(model, dataset):
    for step, (a, b) in enumerate(dataset):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(a, training=True) - b))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% a dataset of readings below zero, in a function
# fix: zero/dead-activation
# becomes: heights = (heights - heights.mean(axis=0)) / (heights.std(axis=0) + 1e-7)
train(dead, pairs)
# %% the same by Keras
# fix: zero/dead-activation
# becomes: heights = (heights - heights.mean(axis=0)) / (heights.std(axis=0) + 1e-7)
other.compile("sgd", "mse")
history = other.fit(heights, rise, verbose=0)
# %% tensors far from zero
# fix: zero/saturated-activation
# becomes: depth = (depth - tf.reduce_mean(depth, axis=0)) / (tf.math.reduce_std(depth, axis=0) + 1e-7)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(sure(depth) - below))
grads = tape.gradient(loss, sure.trainable_variables)
# %% windows of prices, cut in two
# fix: zero/saturated-activation
# becomes: windows = (windows - windows.mean(axis=(0, 1))) / (windows.std(axis=(0, 1)) + 1e-7)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(memory(first, training=True) - after))
grads = tape.gradient(loss, memory.trainable_variables)
# %% near: ordinary data, and a bias that turns everything off
# none: zero/dead-activation
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(pushed(near_zero) - 1.0))
grads = tape.gradient(loss, pushed.trainable_variables)
# %% near: heavy weights
# by hand: zero/saturated-activation
# gone: depth = (depth - tf.reduce_mean(depth, axis=0)) / (tf.math.reduce_std(depth, axis=0) + 1e-7)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(heavy(depth) - below))
grads = tape.gradient(loss, heavy.trainable_variables)
