# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
signal, wanted = np.random.normal(size=(8, 5)).astype("float32"), np.random.normal(size=(8, 1))
net = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
def percentage_error(actual, forecast):
    actual, forecast = np.array(actual), np.array(forecast)
    hits = np.sum(np.sign(forecast) == np.sign(actual))
    return np.mean(np.abs((actual - forecast) / actual)) * 100  # in percent
class RootMeanSquare:
    def __call__(self, actual, forecast):
        error = np.asarray(actual) - np.asarray(forecast)
        return np.sqrt(np.average(error ** 2))
def of_each(a, b):
    return np.sum(np.square(a - b.numpy()), axis=1)
def farthest(a, b):
    return float(np.max(of_each(a, b)))
def ranked(a, b):
    return np.mean(np.argsort(b) * a)
def weighted(a, b):
    return np.average(np.abs(a - b), weights=np.arange(8.0)[:, None])
absolute = lambda a, b: np.mean(np.abs(a - b))
distance = RootMeanSquare()
probe = tf.constant(signal)
# %% a metric that converts both of its arrays
# fix: error/target-not-recorded
# becomes: actual, forecast = tf.cast(actual, forecast.dtype), tf.convert_to_tensor(forecast)
# becomes: hits = np.sum(np.sign(forecast) == np.sign(actual))
# becomes: return tf.reduce_mean(tf.abs((actual - forecast) / actual)) * 100  # in percent
with tf.GradientTape() as tape:
    tape.watch(probe)
    loss = percentage_error(wanted, net(probe))
slope = tape.gradient(loss, probe)
# %% an object that is called
# fix: error/target-not-recorded
# becomes: error = tf.cast(actual, forecast.dtype) - tf.convert_to_tensor(forecast)
# becomes: return tf.sqrt(tf.reduce_mean(error ** 2))
with tf.GradientTape() as tape:
    out = net(probe)
    loss = distance(wanted, out)
slopes = tape.gradient(loss, net.trainable_variables)
# %% one function that calls another
# fix: error/target-not-recorded
# becomes: return tf.reduce_sum(tf.square(a - b), axis=1)
# becomes: return tf.reduce_max(of_each(a, b))
def step(batch):
    with tf.GradientTape() as tape:
        loss = farthest(wanted, net(batch))
    return tape.gradient(loss, net.trainable_variables)
for _ in range(2):
    step(signal)
# %% a lambda, scaled
# fix: error/target-not-recorded
# becomes: absolute = lambda a, b: tf.reduce_mean(tf.abs(a - b))
with tf.GradientTape() as tape:
    loss = 0.5 * absolute(wanted, net(signal))
slopes = tape.gradient(loss, net.trainable_variables)
# %% on the spot, beside a number for the log
# fix: error/target-not-recorded
# becomes: seen.append(np.mean(out))
# becomes: loss = tf.reduce_mean((tf.convert_to_tensor(out) - 1.0) ** 2)
# becomes: loss += 0.01 * tf.norm(net.layers[0].kernel)
seen = []
with tf.GradientTape() as tape:
    out = net(signal)
    seen.append(np.mean(out))
    loss = np.mean((np.asarray(out) - 1.0) ** 2)
    loss += 0.01 * np.linalg.norm(net.layers[0].kernel)
slopes = tape.gradient(loss, net.trainable_variables)
# %% in a method
# fix: error/target-not-recorded
# becomes: return tf.reduce_sum(tf.abs(tf.cast(y, p.dtype) - tf.convert_to_tensor(p))) / len(y)
class Trainer:
    def loss(self, y, p):
        return np.sum(np.abs(np.array(y) - np.array(p))) / len(y)
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.loss(y, net(x)) * 2.0
        return tape.gradient(loss, net.trainable_variables)
Trainer().step(signal, wanted)
# %% a function on one line
# fix: error/target-not-recorded
# becomes: def cost(a, b): return tf.reduce_mean(tf.square(tf.convert_to_tensor(b) - a))
def cost(a, b): return np.mean(np.square(np.asarray(b) - a))
with tf.GradientTape() as tape:
    loss = cost(wanted, net(signal))
slopes = tape.gradient(loss, net.trainable_variables)
# %% a matrix that is turned
# fix: error/target-not-recorded
# becomes: loss = tf.reduce_sum(tf.abs(tf.tensordot(tf.transpose(table), table, axes=1)))
with tf.GradientTape() as tape:
    table = np.asarray(net(signal))
    loss = np.sum(np.abs(np.dot(table.T, table)))
slopes = tape.gradient(loss, net.trainable_variables)
# %% near: an array that is filled
# none: error/target-not-recorded
def filled(b):
    parts = np.zeros_like(b)
    for i in range(len(b)):
        parts[i] = b[i] ** 2
    return np.sum(parts)
with tf.GradientTape() as tape:
    loss = filled(net(signal))
slopes = tape.gradient(loss, net.trainable_variables)
# %% near: places have no gradient
# none: error/target-not-recorded
with tf.GradientTape() as tape:
    loss = ranked(wanted, net(signal))
slopes = tape.gradient(loss, net.trainable_variables)
# %% near: a mean with weights
# none: error/target-not-recorded
with tf.GradientTape() as tape:
    loss = weighted(wanted, net(signal))
slopes = tape.gradient(loss, net.trainable_variables)
# %% near: a share of hits
# none: error/target-not-recorded
with tf.GradientTape() as tape:
    loss = np.mean(net(signal) > 0.0)
slopes = tape.gradient(loss, net.trainable_variables)
# %% setup
import numpy as np
import tensorflow as tf
rates = tf.Variable([0.5, 1.5], name="rates")
def misfit(expected, given):
    difference = np.asarray(expected) - np.asarray(given)
    return tf.reduce_sum(tf.constant(difference ** 2) * tf.constant([1.0, 2.0]))
# %% both arrays of a function that goes back to TensorFlow
# fix: none/left-tensorflow
# becomes: difference = tf.cast(expected, given.dtype) - tf.convert_to_tensor(given)
# becomes: return tf.reduce_sum((difference ** 2) * tf.constant([1.0, 2.0]))
with tf.GradientTape() as tape:
    doubled = rates * 2.0
    loss = misfit(np.float32([1.0, 2.0]), doubled)
slope = tape.gradient(loss, rates)
# %% sums that leave inside of products
# fix: none/left-tensorflow
# becomes: loss = tf.reduce_sum(2.0 * (doubled + 1.0)) + 3.0 * (doubled[0] + doubled[1])
with tf.GradientTape() as tape:
    doubled = rates * 2.0
    loss = tf.reduce_sum(2.0 * tf.constant(doubled.numpy() + 1.0)) + 3.0 * float(doubled[0] + doubled[1])
slope = tape.gradient(loss, rates)
