import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
bad = tf.constant([1.0, float("inf")])
# %% infinity
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(bad * w)  # expect: nonfinite/bad-input-data
grad = tape.gradient(loss, w)
# %% near: an infinity that is masked before it is used
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(tf.math.is_finite(bad), bad, 0.0) * w)
grad = tape.gradient(loss, w)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
table = np.random.default_rng(1).normal(size=(40, 3)).astype("float32")
table[:, 2] = np.nan
target = table[:, :1].copy()
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)])
model.compile("sgd", "mae")
# %% a column of NaN that relu hides from the loss
model.fit(table, target, batch_size=20, verbose=0)  # expect: nonfinite/bad-input-data # allow: step/update-destroys-weights nonfinite/bad-variable-value zero/unexplained
# %% a column of NaN in a step of one's own
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.abs(tf.where(tf.math.is_nan(h := model(table)), 0.0, h) - target))  # expect: nonfinite/bad-input-data
grads = tape.gradient(loss, model.trainable_variables)  # allow: zero/masked-out
# %% near: the other columns
model.fit(np.nan_to_num(table), target, batch_size=20, verbose=0)
