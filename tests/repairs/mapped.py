# %% setup
import keras
import numpy as np
import tensorflow as tf
rng = np.random.default_rng(0)
counts = rng.integers(1, 9, (24, 6)).astype("float32")
counts[5, 2] = 0.0
silent = rng.normal(size=(24, 6)).astype("float32")
silent[3] = 0.0
broken = rng.normal(size=(24, 6)).astype("float32")
broken[4, 1] = np.sqrt(-np.ones(1, "float32"))[0]
labels = rng.normal(size=(24, 1)).astype("float32")
def level(wave, label):
    return 20.0 * tf.math.log(wave) / tf.math.log(10.0), label
def at_one(wave, label):
    top = tf.reduce_max(tf.abs(wave))
    return wave / top, label
def to_share(values):
    return values / tf.reduce_sum(values)
def guarded(wave, label):
    return tf.math.log(tf.abs(wave) + 1e-6) / 3.0, label
loud = tf.data.Dataset.from_tensor_slices((counts, labels)).map(level).batch(8)
scaled = tf.data.Dataset.from_tensor_slices((silent, labels)).map(at_one)
scaled = scaled.batch(8).prefetch(1)
safe = tf.data.Dataset.from_tensor_slices((broken, labels)).map(guarded).batch(8)
parts = tf.data.Dataset.from_tensor_slices((silent, labels))
model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
start = model.get_weights()
# %% decibels of nothing
# fix: nonfinite/bad-input-data
# becomes: return 20.0 * tf.math.log(tf.maximum(wave, 1e-10)) / tf.math.log(10.0), label
model.set_weights(start)
model.fit(loud, epochs=1, verbose=0)
# %% the loudest sample of silence
# fix: nonfinite/bad-input-data
# becomes: return tf.math.divide_no_nan(wave, top), label
model.set_weights(start)
for wave, label in scaled:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(wave) - label))
    grads = tape.gradient(loss, model.trainable_variables)
    keras.optimizers.SGD(0.01).apply_gradients(zip(grads, model.trainable_variables))
# %% a lambda that calls a function
# fix: nonfinite/bad-input-data
# becomes: return tf.math.divide_no_nan(values, tf.reduce_sum(values))
model.set_weights(start)
model.fit(parts.map(lambda values, label: (to_share(values), label)).batch(8), epochs=1, verbose=0)
# %% a logarithm that is not to blame
# none: nonfinite/bad-input-data
model.set_weights(start)
model.fit(safe, epochs=1, verbose=0)
