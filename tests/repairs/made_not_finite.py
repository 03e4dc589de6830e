# %% setup
import keras
import numpy as np
import tensorflow as tf
rng = np.random.default_rng(7)
table = rng.normal(size=(48, 4))
table[:, 1] = -3.5
holes = rng.normal(size=(48, 4))
holes[9, 2] = np.sqrt(-np.ones(1))[0]
visits = rng.poisson(2.0, (48, 4)).astype("float64")
visits[5] = 0.0
clicks = np.minimum(visits, rng.poisson(1.0, (48, 4)))
wide = table + np.arange(4)
target = rng.normal(size=(48, 1)).astype("float32")
def sizes(first, last):
    extent, base = last[:, :1] - first[:, :1], first[:, :1] * 0.0 + 2.0
    return np.log(extent / base)
def shares(values):
    return values / values.sum(axis=1, keepdims=True)
ends = table + np.abs(rng.normal(size=table.shape)) + 0.1
ends[40, 0] = table[40, 0]
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
model.compile("sgd", "mse")
start = model.get_weights()
# %% a column without a spread, two lines above the window
# fix: nonfinite/bad-input-data
# becomes: scaled = ((table - mean) / (std + 1e-8)).astype("float32")
model.set_weights(start)
mean, std = table.mean(axis=0), table.std(axis=0)
scaled = ((table - mean) / std).astype("float32")
shifted = np.stack([scaled[i] for i in range(40)])
model.fit(shifted, target[:40], verbose=0)
# %% a column without a spread, in place
# fix: nonfinite/bad-input-data
# becomes: scaled /= std + 1e-8
model.set_weights(start)
scaled = table - table.mean(axis=0)
std = scaled.std(axis=0)
scaled /= std
model.fit(scaled, target, verbose=0)
# %% a column without a range
# fix: nonfinite/bad-input-data
# becomes: scaled = (table - low) / (high - low + 1e-8)
model.set_weights(start)
low, high = table.min(axis=0), table.max(axis=0)
scaled = (table - low) / (high - low)
model.fit(scaled, target, verbose=0)
# %% the spread is computed where it divides
# fix: nonfinite/bad-input-data
# becomes: scaled = (table - table.mean(axis=0)) / (table.std(axis=0) + 1e-8)
model.set_weights(start)
scaled = (table - table.mean(axis=0)) / table.std(axis=0)
dataset = tf.data.Dataset.from_tensor_slices((scaled.astype("float32"), target)).batch(16)
for features, wanted in dataset:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(features) - wanted) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
# %% a count that divides
# fix: nonfinite/bad-input-data
# becomes: rates = clicks / np.where(visits == 0, 1, visits)
model.set_weights(start)
rates = clicks / visits
model.fit(rates, target, verbose=0)
# %% a row without a sum, in a function
# fix: nonfinite/bad-input-data
# becomes: return values / (values.sum(axis=1, keepdims=True) + 1e-8)
model.set_weights(start)
parts = shares(visits)
model.fit(parts, target, verbose=0)
# %% the logarithm of nothing, in a function
# fix: nonfinite/bad-input-data
# becomes: return np.log(np.maximum(extent / base, 1e-10))
model.set_weights(start)
targets = tf.data.Dataset.from_tensor_slices((wide, sizes(table, ends))).batch(16)
model.fit(targets, verbose=0)
# %% near: the NaN was in the table
# none: nonfinite/bad-input-data
model.set_weights(start)
mean, std = np.nanmean(holes, axis=0), np.nanstd(holes, axis=0)
scaled = (holes - mean) / std
dataset = tf.data.Dataset.from_tensor_slices((scaled, target)).batch(16)
model.fit(dataset, verbose=0)
# %% near: a division that is not to blame
# fix: nonfinite/bad-input-data
# becomes: scaled = (table - mean) / (std + 1e-8)
# becomes: halves = wide / np.abs(wide).max(axis=0)
model.set_weights(start)
mean, std = table.mean(axis=0), table.std(axis=0)
scaled = (table - mean) / std
halves = wide / np.abs(wide).max(axis=0)
model.fit(scaled, halves[:, :1], verbose=0)
# %% near: a root beside the division
# none: nonfinite/bad-input-data
model.set_weights(start)
roots = np.sqrt(wide) / np.abs(wide).max(axis=0)
model.fit(roots, target, verbose=0)
# %% setup
import tensorflow as tf
weights, left_out = tf.Variable(tf.ones((3, 3))), tf.constant([[0.0, 0.0, 1.0]])
# %% a mask that float16 cannot hold
# fix: nonfinite/invalid-forward-value
# becomes: scores = tf.cast(weights, tf.float16) + tf.cast(left_out, tf.float16) * -3e4
with tf.GradientTape() as tape:
    scores = tf.cast(weights, tf.float16) + tf.cast(left_out, tf.float16) * -1e9
    loss = tf.reduce_sum(tf.nn.softmax(scores)[:, 0])
grads = tape.gradient(loss, weights)
