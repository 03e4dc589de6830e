# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.mixed_precision.set_global_policy("mixed_float16")
rng = np.random.default_rng(1)
def regression():
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1, dtype="float32")])
model, second = regression(), regression()
X = rng.normal(size=(64, 6)).astype("float32")
# in euros
prices = (1.2e6 + 2e5 * X[:, :1] + 1e5 * rng.normal(size=(64, 1))).astype("float32")
distances = X * 4e4 + 2e5
small = tf.random.normal((64, 6), seed=4)
areas = 3e7 + 1e7 * tf.reduce_sum(small, axis=1, keepdims=True)
near = X.sum(axis=1, keepdims=True)
keras.mixed_precision.set_global_policy("float32")
# %% prices
# fix: step/skipped-by-loss-scale
# becomes: prices = (prices - prices.mean()) / prices.std()
model.compile(optimizer=keras.optimizers.RMSprop(1e-3), loss="mse")
history = model.fit(X, prices, batch_size=16, epochs=1, verbose=0)
# %% distances
# fix: nonfinite/overflow
# becomes: distances = (distances - distances.mean(axis=0)) / (distances.std(axis=0) + 1e-7)
second.compile(optimizer=keras.optimizers.RMSprop(1e-3), loss="mse")
history = second.fit(distances, near, batch_size=16, epochs=1, verbose=0)
# %% near: data of ordinary size and a huge scale
# none: step/skipped-by-loss-scale
scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0 ** 120)
second.compile(optimizer=scaled, loss="mse")
history = second.fit(X, near, batch_size=16, epochs=1, verbose=0)
# %% near: validated with data of the same scale
# none: step/skipped-by-loss-scale
model.compile(optimizer=keras.optimizers.RMSprop(1e-3), loss="mse")
history = model.fit(X, prices, batch_size=16, epochs=1, verbose=0, validation_data=(X, prices * 1.1))
# %% targets of a loop of one's own
# fix: scale/unscaled-loss-or-data
# becomes: areas = (areas - tf.reduce_mean(areas)) / tf.math.reduce_std(areas)
plain = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(plain(small) - areas))
grads = tape.gradient(loss, plain.trainable_variables)
