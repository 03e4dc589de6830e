# %% setup
import keras
import numpy as np
from keras import layers, ops
keras.utils.set_random_seed(11)
rng = np.random.default_rng(11)
def tower():
    return keras.Sequential([keras.Input((20,)), layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(16, activation="relu")])
def apart(vectors):
    a, b = vectors
    return ops.sqrt(ops.maximum(ops.sum(ops.square(a - b), axis=-1, keepdims=True), 1e-6))
left, right = keras.Input((20,)), keras.Input((20,))
shared = tower()
twins = keras.Model([left, right], layers.Lambda(apart)([shared(left), shared(right)]))
twins.compile(optimizer=keras.optimizers.RMSprop(learning_rate=0.1), loss="mse")  # fast
spectra = rng.gamma(2.0, 200.0, size=(64, 2, 20)).astype("float32")
alike = (spectra[:, 0].mean(axis=1) > spectra[:, 1].mean(axis=1)).astype("float32")[:, None]
history = twins.fit([spectra[:, 0], spectra[:, 1]], alike, batch_size=64, epochs=4, verbose=0)
# %% a siamese network that died before
# fix: zero/clipped
# becomes: twins.compile(optimizer=keras.optimizers.RMSprop(learning_rate=0.01), loss="mse")  # fast
# becomes: spectra = (spectra - spectra.mean(axis=(0, 1))) / (spectra.std(axis=(0, 1)) + 1e-7)
history = twins.fit([spectra[:, 0], spectra[:, 1]], alike, batch_size=64, epochs=1, verbose=0)
# %% setup
import keras
import numpy as np
from keras import layers
keras.utils.set_random_seed(12)
rng = np.random.default_rng(12)
loads = rng.uniform(200.0, 900.0, size=(64, 6)).astype("float32")
ratings = rng.uniform(0.0, 1.0, size=(64, 1)).astype("float32")
calm = rng.normal(size=(64, 6)).astype("float32")
deep = keras.Sequential([keras.Input((6,)), layers.Dense(16, "relu"), layers.Dense(16, "relu"), layers.Dense(1, "relu")])
deep.compile(keras.optimizers.Adam(0.5), "mse")
deep.fit(loads, ratings, epochs=5, verbose=0)
pushed = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu"), layers.Dense(1, "relu", bias_initializer=keras.initializers.Constant(-60.0))])
pushed.compile(keras.optimizers.SGD(0.001), "mse")
echo = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu"), layers.Dense(6, "relu", bias_initializer=keras.initializers.Constant(-9000.0))])
echo.compile(keras.optimizers.SGD(0.001), "mse")
# %% an output that died behind live layers
# fix: zero/dead-activation
# becomes: loads = (loads - loads.mean(axis=0)) / (loads.std(axis=0) + 1e-7)
# becomes: deep.compile(keras.optimizers.Adam(0.01), "mse")
history = deep.fit(loads, ratings, verbose=0)
# %% near: ordinary data, and a bias that turns the output off
# none: zero/dead-activation
history = pushed.fit(calm, ratings, verbose=0)
# %% near: the data is the target too
# untried: zero/dead-activation
# gone: loads = (loads - loads.mean(axis=0)) / (loads.std(axis=0) + 1e-7)
history = echo.fit(loads, loads, verbose=0)
