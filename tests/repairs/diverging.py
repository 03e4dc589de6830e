# %% setup
import keras
import numpy as np
import tensorflow as tf
rng = np.random.default_rng(5)
areas = (rng.normal(size=(64, 3)) * 40.0).astype("float32")
rents = areas.sum(axis=1, keepdims=True) + rng.normal(size=(64, 1)).astype("float32")
slope = tf.Variable([[1.0], [2.0], [0.5]], name="slope")
rate = 0.05
def missed():
    return tf.reduce_mean((areas @ slope - rents) ** 2)
# %% plain descent, until the loss is infinite
# fix: nonfinite/loss-only
# becomes: descent = keras.optimizers.SGD(0.0001)
descent = keras.optimizers.SGD(0.3)
for _ in range(12):
    with tf.GradientTape() as tape:
        loss = missed()
    grads = tape.gradient(loss, [slope])
    descent.apply_gradients(zip(grads, [slope]))
slope.assign([[1.0], [2.0], [0.5]])
# %% by hand, under a name
# fix: nonfinite/loss-only
# becomes: rate = 0.0001
for _ in range(14):
    with tf.GradientTape() as tape:
        loss = missed()
    grad = tape.gradient(loss, slope)
    slope.assign(slope - rate * grad)
slope.assign([[1.0], [2.0], [0.5]])
# %% a word in compile
# fix: nonfinite/overflow
# becomes: model.compile(keras.optimizers.SGD(learning_rate=0.0001), "mse")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(areas, rents, batch_size=64, epochs=40, shuffle=False, verbose=0)
# %% no infinity yet
# fix: step/update-destroys-weights
# becomes: descent = keras.optimizers.SGD(learning_rate=0.0001)
descent = keras.optimizers.SGD()
for _ in range(7):
    with tf.GradientTape() as tape:
        loss = missed()
    grads = tape.gradient(loss, [slope])
    descent.apply_gradients(zip(grads, [slope]))
slope.assign([[1.0], [2.0], [0.5]])
# %% near: what is not finite came with the data
# becomes: broken[3, 0] = 0.0
# fix: nonfinite/bad-input-data
broken = areas.copy()
broken[3, 0] = np.nan
descent = keras.optimizers.SGD(0.001)
for start in (8, 16, 24, 0):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((broken[start : start + 8] @ slope - rents[start : start + 8]) ** 2)
    grads = tape.gradient(loss, [slope])
    descent.apply_gradients(zip(grads, [slope]))
