# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)
def rates(outputs=1, activation="exponential", start="glorot_uniform"):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(outputs, activation, kernel_initializer=start)])
incomes = rng.gamma(0.5, 40000.0, size=(32, 4)).astype("float32")
visits = rng.poisson(3.0, size=(32, 1)).astype("float32")
claims, encoder = rates(), rates(4)
claims.compile("adam", keras.losses.Poisson())
reads = tf.constant(rng.poisson(rng.gamma(0.3, 3000.0, size=(1, 4)), size=(24, 4)).astype("float32"))
heights = rng.normal(0.0, 900.0, size=(32, 4)).astype("float32")
relief, near_one, own = rates(), rng.normal(size=(32, 4)).astype("float32"), rates(4, activation=None)
relief.compile("sgd", "poisson")
wild = rates(start=keras.initializers.RandomNormal(stddev=400.0))
wild.compile("sgd", "poisson")
batches = tf.data.Dataset.from_tensor_slices(incomes).batch(16)
optimizer = keras.optimizers.Adam(1e-3)
def likelihood(x, log_rate):
    return tf.reduce_mean(tf.exp(log_rate) - x * log_rate)
def train(model, data):
    for x in data:
        with tf.GradientTape() as tape:
            loss = likelihood(1.0, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% incomes for a rate, by Keras
# fix: nonfinite/overflow
# becomes: history = claims.fit(np.log1p(incomes), visits, verbose=0)
# becomes: expected = claims.predict(np.log1p(incomes), verbose=0)
history = claims.fit(incomes, visits, verbose=0)
expected = claims.predict(incomes, verbose=0)
# %% counts that are the target too, in a loop
# fix: nonfinite/overflow
# becomes: log_rate = own(tf.math.log1p(reads))
for step in range(2):
    with tf.GradientTape() as tape:
        log_rate = own(reads)
        loss = likelihood(reads, log_rate)
    grads = tape.gradient(loss, own.trainable_variables)
    optimizer.apply_gradients(zip(grads, own.trainable_variables))
# %% batches of a dataset in a function
# fix: nonfinite/overflow
# becomes: loss = likelihood(1.0, model(tf.math.log1p(x), training=True))
train(own, batches)
# %% numbers on both sides of 0
# fix: nonfinite/overflow
# becomes: heights = (heights - heights.mean(axis=0)) / (heights.std(axis=0) + 1e-7)
history = relief.fit(heights, visits, verbose=0)
# %% near: numbers on both sides of 0 that are the target too
# untried: nonfinite/overflow
# gone: heights = (heights - heights.mean(axis=0)) / (heights.std(axis=0) + 1e-7)
# becomes: return tf.reduce_mean(tf.exp(tf.clip_by_value(log_rate, -80.0, 80.0)) - x * log_rate)
data = tf.constant(heights)
with tf.GradientTape() as tape:
    loss = likelihood(data, own(data))
grads = tape.gradient(loss, own.trainable_variables)
# %% near: ordinary data and huge weights
# none: nonfinite/overflow
history = wild.fit(near_one, visits, verbose=0)
