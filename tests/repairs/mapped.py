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
# %% setup
import keras
import numpy as np
import tensorflow as tf
rng = np.random.default_rng(0)
waves = rng.normal(size=(24, 6)).astype("float32")
targets = waves + 0.1 * rng.normal(size=(24, 6)).astype("float32")
waves[3], targets[3] = 0.0, 0.0
def loudest(wave, target):
    top = tf.reduce_max(tf.abs(wave))
    return wave / top, target / top  # both as loud
class Scaling:
    def __init__(self, axis):
        self.axis = axis
    def scaled(self, wave, target):
        power = tf.reduce_sum(tf.abs(wave), axis=self.axis, keepdims=True)
        wave = wave / power
        target = target / power
        return wave, target
def both(wave, target):
    low = tf.reduce_sum(target)
    return wave / tf.reduce_max(wave), target / low
pairs = tf.data.Dataset.from_tensor_slices((waves, targets))
model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6)])
model.compile("sgd", "mae")
start = model.get_weights()
# %% inputs and targets by one number
# fix: nonfinite/bad-input-data
# becomes: return tf.math.divide_no_nan(wave, top), tf.math.divide_no_nan(target, top)  # both as loud
model.set_weights(start)
model.fit(pairs.map(loudest).batch(8), epochs=1, verbose=0)
# %% in two lines of a method
# fix: nonfinite/bad-input-data
# becomes: wave = tf.math.divide_no_nan(wave, power)
# becomes: target = tf.math.divide_no_nan(target, power)
model.set_weights(start)
model.fit(pairs.map(Scaling(-1).scaled).batch(8), epochs=1, verbose=0)
# %% in a lambda
# fix: nonfinite/bad-input-data
# becomes: shares = pairs.map(lambda a, b: (tf.math.divide_no_nan(a, tf.reduce_sum(tf.abs(a))), tf.math.divide_no_nan(b, tf.reduce_sum(tf.abs(a)))))
model.set_weights(start)
shares = pairs.map(lambda a, b: (a / tf.reduce_sum(tf.abs(a)), b / tf.reduce_sum(tf.abs(a))))
model.fit(shares.batch(8), epochs=1, verbose=0)
# %% by two numbers, of which one may be to blame
# none: nonfinite/bad-input-data
model.set_weights(start)
model.fit(pairs.map(both).batch(8), epochs=1, verbose=0)
