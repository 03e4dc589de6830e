# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
x, y = np.random.randn(32, 4).astype("float32"), np.random.randn(32, 1).astype("float32")
# %% a layer of its own
# fix: zero/zero-derivative-op
# becomes: net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Activation("tanh"), keras.layers.Dense(1)])
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras.layers.Activation(tf.sign), keras.layers.Dense(1)])
net.compile("adam", "mse")
net.fit(x, y, verbose=0)
# %% of a dense layer
# fix: zero/zero-derivative-op
# becomes: hidden = keras.layers.Dense(8, activation="tanh")
hidden = keras.layers.Dense(8, activation=tf.sign)
top = keras.layers.Dense(1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((top(hidden(x)) - y) ** 2)
grads = tape.gradient(loss, hidden.trainable_variables + top.trainable_variables)
