import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% before
h = w * w  # expect: none/outside-tape
with tf.GradientTape() as tape:
    loss = 3.0 * h
grad = tape.gradient(loss, w)
# %% after
with tf.GradientTape() as tape:
    h = w * w
loss = 3.0 * h  # expect: none/outside-tape
grad = tape.gradient(loss, w)
# %% near: a constant made before
c = tf.constant(3.0) * 2.0
with tf.GradientTape() as tape:
    loss = c * w
grad = tape.gradient(loss, w)
# %% near: read before as well
print(float(w * 2.0))
with tf.GradientTape() as tape:
    loss = w * w
grad = tape.gradient(loss, w)
# %% setup
import keras
import tensorflow as tf
encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh")], name="encoder")
head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
def encoded(x, y):
    x = x * 2.0
    return encoder(x), y  # expect: none/outside-tape
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
raw = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
mapped = raw.map(encoded).prefetch(1)
# %% a dataset of an earlier cell runs the encoder
for features, labels in mapped:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(features) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)  # status: none none ok ok
# %% near: a dataset that the cell does not go through
# allow: none/unused-variable
for features, labels in raw:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((plain(features) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + plain.trainable_variables)
# %% near: the encoder runs under the tape
for features, labels in raw:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(encoder(features)) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)
