import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
x, y = tf.random.normal((32, 3)), tf.random.normal((32, 1))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
# %% targets of a million
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - 1e7 * y))  # expect: scale/unscaled-loss-or-data
grads = tape.gradient(loss, model.trainable_variables)
# %% a huge factor
with tf.GradientTape() as tape:
    loss = 1e9 * tf.reduce_mean(tf.square(model(x) - y))  # expect: scale/unscaled-loss-or-data
grads = tape.gradient(loss, model.trainable_variables)
# %% near: a summed loss of ordinary data
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(model(x) - y))
grads = tape.gradient(loss, model.trainable_variables)
