# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(9)
x = np.random.default_rng(9).normal(size=(24, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
RATE = 0.02
def decay(epoch, lr):
    return lr * 0.4 ** epoch
def falling(epoch, rate):
    new = rate * tf.math.exp(-0.4 * epoch)
    return float(new)
def plain(epoch, lr):
    return lr * 0.001
def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
model, second, third = network(), network(), network()
# %% a decay of what has decayed
# fix: step/update-without-effect
# becomes: return 0.05 * 0.4 ** epoch
model.compile(keras.optimizers.SGD(learning_rate=0.05), "mse")
history = model.fit(x, y, epochs=18, verbose=0, callbacks=[keras.callbacks.LearningRateScheduler(decay)])
# %% by an exponential, and a rate with a name
# fix: step/update-without-effect
# becomes: new = RATE * tf.math.exp(-0.4 * epoch)
second.compile(keras.optimizers.SGD(RATE), "mse")
callback = keras.callbacks.LearningRateScheduler(falling)
history = second.fit(x, y, epochs=28, verbose=0, callbacks=[callback])
# %% near: the same factor each time
# none: step/update-without-effect
third.compile(keras.optimizers.SGD(0.03), "mse")
history = third.fit(x, y, epochs=25, verbose=0, callbacks=[keras.callbacks.LearningRateScheduler(plain)])
