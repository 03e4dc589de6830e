import tensorflow as tf
w = tf.Variable([1.5, 2.5], name="w")
# %% cast to int
with tf.GradientTape() as tape:
    k = tf.cast(w, tf.int32)  # expect: none/non-float-dtype
    loss = tf.reduce_sum(tf.cast(k, tf.float32))
grad = tape.gradient(loss, w)
# %% cast to bool
with tf.GradientTape() as tape:
    on = tf.cast(w, tf.bool)  # expect: none/non-float-dtype
    loss = tf.reduce_sum(tf.cast(on, tf.float32))
grad = tape.gradient(loss, w)
# %% near: float to float
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.cast(tf.cast(w, tf.float64), tf.float32))
grad = tape.gradient(loss, w)
# %% near: complex
with tf.GradientTape() as tape:
    loss = tf.abs(tf.reduce_sum(tf.cast(w, tf.complex64)))
grad = tape.gradient(loss, w)
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(3)
face = keras.Input((4,))
age = keras.layers.Dense(3, activation="softplus", name="age")(face)
looked_up = keras.layers.Embedding(9, 2)(age)  # expect: none/non-float-dtype
functional = keras.Model(face, keras.layers.Dense(1)(keras.layers.Flatten()(looked_up)))
features = np.random.normal(size=(8, 4)).astype("float32")
wanted = np.ones((8, 1), "float32")
# %% an embedding of what a layer computed, under fit
# allow: step/silently-skipped
functional.compile(optimizer="sgd", loss="mse")
history = functional.fit(features, wanted, verbose=0)
