# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(8)
rows = tf.random.normal((64, 5))
heights = tf.reduce_sum(rows, axis=1, keepdims=True)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(7), keras.layers.BatchNormalization(), keras.layers.Activation("tanh"), keras.layers.Dense(1)])
def train(some, batch):
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean((model(some, training=True) - batch) ** 2)
    return tape.gradient(cost, model.trainable_variables)
# %% a dataset of single examples
# fix: zero/stationary-point
# becomes: for some, batch in tf.data.Dataset.from_tensor_slices((rows, heights)).batch(32).take(2):
for some, batch in tf.data.Dataset.from_tensor_slices((rows, heights)).batch(1).take(2):
    grads = train(some, batch)
# %% slices of one row
# fix: zero/stationary-point
# becomes: batch_size = 32
batch_size = 1
for first in range(0, 2 * batch_size, batch_size):
    grads = train(rows[first : first + batch_size], heights[first : first + batch_size])
# %% fit
# fix: zero/stationary-point
# becomes: model.fit(rows[:32], heights[:32], batch_size=32, verbose=0)
model.compile("sgd", "mse")
model.fit(rows[:32], heights[:32], batch_size=1, verbose=0)
# %% near: an instance normalisation of one pixel
# none: zero/stationary-point
picture = keras.Sequential([keras.Input((1, 1, 3)), keras.layers.Conv2D(4, 1), keras.layers.GroupNormalization(groups=4), keras.layers.Flatten(), keras.layers.Dense(1)])
batch_size = 2
with tf.GradientTape() as tape:
    cost = tf.reduce_mean(picture(tf.random.normal((batch_size, 1, 1, 3))) ** 2)
grads = tape.gradient(cost, picture.trainable_variables)
