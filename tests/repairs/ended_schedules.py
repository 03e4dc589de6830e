# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(19)
rows = np.random.default_rng(5).normal(size=(24, 4)).astype("float32")
heights = rows.sum(axis=1, keepdims=True)
fading = keras.optimizers.schedules.PolynomialDecay(0.05, decay_steps=3, end_learning_rate=0.0)
line = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
line.compile(optimizer=keras.optimizers.SGD(fading), loss="mse")
line.fit(rows, heights, batch_size=8, verbose=0)
curve = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
descent = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.05, 3))
def step():
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean((curve(rows) - heights) ** 2)
    return tape.gradient(cost, curve.trainable_variables)
for _ in range(4):
    descent.apply_gradients(zip(step(), curve.trainable_variables))
# %% fit goes on where the schedule has ended
# fix: step/update-without-effect
# becomes: line.compile(optimizer=keras.optimizers.SGD(fading), loss="mse")
line.fit(rows, heights, batch_size=8, verbose=0)
# %% a loop goes on
# fix: step/update-without-effect
# becomes: descent = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.05, 3))
for _ in range(4):
    grads = step()
    descent.apply_gradients(zip(grads, curve.trainable_variables))
