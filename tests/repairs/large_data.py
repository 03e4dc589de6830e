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
rents, costs = 700.0 + 200.0 * small[:, :1], 600.0 + 100.0 * small[:, 1:2]
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
# %% rents that a compiled step is handed
# fix: step/skipped-by-loss-scale
# becomes: rents = (rents - tf.reduce_mean(rents)) / tf.math.reduce_std(rents)
half = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu", dtype="mixed_float16"), keras.layers.Dense(1, dtype="mixed_float16")])
scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3))
@tf.function
def step(batch, wanted):
    with tf.GradientTape() as tape:
        missed = half(batch) - tf.cast(wanted, tf.float16)
        scaled = scaling.scale_loss(tf.reduce_mean(missed * missed))
    scaling.apply_gradients(zip(tape.gradient(scaled, half.trainable_variables), half.trainable_variables))
for turn in range(4):
    step(small, rents)
# %% rents of a dataset in a loop
# fix: step/skipped-by-loss-scale
# becomes: rents = (rents - tf.reduce_mean(rents)) / tf.math.reduce_std(rents)
half = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu", dtype="mixed_float16"), keras.layers.Dense(1, dtype="mixed_float16")])
scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3))
for batch, wanted in tf.data.Dataset.from_tensor_slices((small, rents)).batch(16):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(half(batch) - tf.cast(wanted, tf.float16)))
        scaled = scaling.scale_loss(loss)
    grads = tape.gradient(scaled, half.trainable_variables)
    scaling.apply_gradients(zip(grads, half.trainable_variables))
# %% near: the same function is handed other data too
# none: step/skipped-by-loss-scale
half = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu", dtype="mixed_float16"), keras.layers.Dense(1, dtype="mixed_float16")])
scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3))
def turn(batch, wanted):
    with tf.GradientTape() as tape:
        scaled = scaling.scale_loss(tf.reduce_mean(tf.square(half(batch) - tf.cast(wanted, tf.float16))))
    scaling.apply_gradients(zip(tape.gradient(scaled, half.trainable_variables), half.trainable_variables))
for _ in range(3):
    turn(small, rents)
turn(small, costs)
