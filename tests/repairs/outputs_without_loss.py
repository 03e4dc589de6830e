# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(1)
i = keras.Input((6,))
h = keras.layers.Dense(8, activation="tanh")(i)
def both():
    return keras.Model(i, {"age": keras.layers.Dense(1, name="age")(h), "height": keras.layers.Dense(1, name="height")(h)})
x = np.random.randn(32, 6).astype("float32")
y = {"age": np.random.randn(32, 1), "height": np.random.randn(32, 1)}
# %% the targets know an output that the losses do not
# fix: none/discarded-result
# becomes: net.compile("adam", loss={"age": "mae", "height": "mae"})
net = both()
net.compile("adam", loss={"age": "mae"})
net.fit(x, y, epochs=1, verbose=0)
# %% a loss that is an object
# fix: none/discarded-result
# becomes: other.compile("adam", loss={"age": keras.losses.Huber(), "height": "mse"})
other = both()
other.compile("adam", loss={"age": keras.losses.Huber()})
other.fit(x, y, epochs=1, verbose=0)
