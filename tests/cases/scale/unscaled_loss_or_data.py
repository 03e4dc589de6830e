import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
x, y = tf.random.normal((32, 3)), tf.random.normal((32, 1))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
# %% targets of a million
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - 1e7 * y))  # expect: scale/unscaled-loss-or-data
grads = tape.gradient(loss, model.trainable_variables)
# %% a huge factor
with tf.GradientTape() as tape:
    loss = 1e9 * tf.reduce_mean(tf.square(model(x) - y))  # expect: scale/unscaled-loss-or-data
grads = tape.gradient(loss, model.trainable_variables)
# %% near: a summed loss of ordinary data
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(model(x) - y))
grads = tape.gradient(loss, model.trainable_variables)
# %% setup
import tensorflow as tf
columns = tf.random.uniform((60, 4), 0.0, 80.0, seed=1)
wanted = 0.01 * tf.reduce_sum(columns, axis=1)
slopes, offset = tf.Variable(tf.zeros(4), name="slopes"), tf.Variable(0.0, name="offset")
def fit(rate, turns):
    for _ in range(turns):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(tf.linalg.matvec(columns, slopes) + offset - wanted))  # expect: scale/unscaled-loss-or-data or scale/exploding-through-depth
        gradients = tape.gradient(loss, [slopes, offset])
        slopes.assign_sub(rate * gradients[0])
        offset.assign_sub(rate * gradients[1])
# %% raw columns, whose gradients grow from turn to turn
# allow: step/update-destroys-weights
# expect setup
slopes.assign(tf.zeros(4)), offset.assign(0.0)
fit(0.01, 5)
# %% near: raw columns, and steps that are small enough
slopes.assign(tf.zeros(4)), offset.assign(0.0)
fit(1e-5, 5)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
houses = np.random.rand(64, 3).astype("float32") * [1.0, 1000.0, 5000.0]
prices = 3.0 * houses[:, 2:]
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
net.compile(keras.optimizers.SGD(0.01), "mse")
# %% raw columns that kill the units in the first step
net.fit(houses, prices, epochs=5, verbose=0)  # expect: scale/unscaled-loss-or-data
