# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
draws = np.random.default_rng(0)
seen = draws.normal(size=(64, 4)).astype("float32")
kinds = np.eye(3, dtype="float32")[draws.integers(0, 3, 64)]
# %% in `fit`
# fix: nonfinite/invalid-forward-value
# becomes: net.add(keras.layers.Dense(3, activation="softmax"))
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu")])
net.add(keras.layers.Dense(3, activation="relu"))
net.compile("sgd", loss="categorical_crossentropy")
net.fit(seen, kinds, epochs=2, verbose=0)
# %% in a loop of one's own
# fix: nonfinite/invalid-forward-value
# becomes: net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=tf.nn.softmax)])
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation=tf.nn.relu)])
entropy = keras.losses.CategoricalCrossentropy()
with tf.GradientTape() as tape:
    loss = entropy(kinds, net(seen))
grads = tape.gradient(loss, net.trainable_variables)
