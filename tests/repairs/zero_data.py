# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(2)
draws = np.random.default_rng(0)
photos = draws.integers(0, 255, (32, 8))
bright = (photos // 255).astype("float32")
shares = tf.constant(draws.random((32, 8)).astype("int32"), tf.float32)
heights = draws.normal(size=(32, 1)).astype("float32")
def network(activation=None):
    return keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, activation=activation), keras.layers.Dense(1)])
net, straight = network("relu"), network()
trained = network("relu")
trained.compile("sgd", "mse")
# %% the rest of a division, in `fit`
# fix: zero/dead-activation
# becomes: bright = (photos / 255).astype("float32")
history = trained.fit(bright, heights, verbose=0)
# %% a cast to integers, behind a layer without an activation
# fix: zero/masked-out
# becomes: shares = tf.constant(draws.random((32, 8)).astype("float32"), tf.float32)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((straight(shares) - heights) ** 2)
grads = tape.gradient(loss, straight.trainable_variables)
# %% near: an array of zeros, of which nobody knows what it was to hold
# none: zero/dead-activation
blank = np.zeros((32, 8), "float32")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(blank) - heights) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
