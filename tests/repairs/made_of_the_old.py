# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(18)
rows = np.random.default_rng(3).normal(size=(20, 5)).astype("float32")
kinds = np.arange(20) % 3
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
def features():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(6, activation="relu")], name="trunk")
trunk, head = features(), keras.layers.Dense(3)
entry = keras.Input((5,))
whole = keras.Model(entry, head(trunk(entry)))
# %% the trunk is made again, and the model is not
# fix: none/different-object
# becomes: whole = keras.Model(entry, head(trunk(entry)))
trunk = features()
trunk.trainable = True
asked = trunk.trainable_variables + head.trainable_variables
with tf.GradientTape() as tape:
    cost = criterion(kinds, whole(rows))
grads = tape.gradient(cost, asked)
# %% near: another model is asked for, which was made once
# fix: none/different-object
# becomes: grads = tape.gradient(cost, whole.trainable_variables)
other = keras.Model(entry, keras.layers.Dense(3)(features()(entry)))
with tf.GradientTape() as tape:
    cost = criterion(kinds, whole(rows))
grads = tape.gradient(cost, other.trainable_variables)
