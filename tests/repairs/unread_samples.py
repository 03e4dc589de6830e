# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
entrance = keras.Input((6,))
hidden = keras.layers.Dense(8, activation="relu")(entrance)
encoder = keras.Model(entrance, [keras.layers.Dense(2, name="mean")(hidden), keras.layers.Dense(2, name="spread")(hidden)])
decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(6)])
rows = tf.random.normal((16, 6), seed=3)
# %% noise in a line of its own
# fix: none/discarded-result
# becomes: again = decoder(code)
with tf.GradientTape() as tape:
    mean, spread = encoder(rows)
    noise = tf.random.normal(tf.shape(mean))
    code = mean + tf.exp(0.5 * spread) * noise
    again = decoder(mean)
    loss = tf.reduce_mean((again - rows) ** 2) + 0.001 * tf.reduce_mean(mean ** 2)
grads = tape.gradient(loss, encoder.trainable_variables + decoder.trainable_variables)
# %% in a function
# fix: none/discarded-result
# becomes: return tf.reduce_mean((decoder(code) - rows) ** 2)
def misfit(rows):
    mean, spread = encoder(rows)
    code = mean + tf.exp(0.5 * spread) * tf.random.normal(tf.shape(mean))
    return tf.reduce_mean((decoder(mean) - rows) ** 2)
with tf.GradientTape() as tape:
    loss = misfit(rows)
grads = tape.gradient(loss, encoder.trainable_variables + decoder.trainable_variables)
# %% near: two calls go on with the mean
# none: none/discarded-result
with tf.GradientTape() as tape:
    mean, spread = encoder(rows)
    code = mean + tf.exp(0.5 * spread) * tf.random.normal(tf.shape(mean))
    loss = tf.reduce_mean((decoder(mean) - rows) ** 2) + tf.reduce_mean(decoder(mean))
grads = tape.gradient(loss, encoder.trainable_variables + decoder.trainable_variables)
