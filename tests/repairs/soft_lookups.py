# %% setup
import keras
import tensorflow as tf
from keras import layers, ops
keras.utils.set_random_seed(5)
x = tf.random.normal((32, 6))
prices = tf.random.normal((32, 1)) + 3.0
fares = tf.constant([1.5, 3.0, 4.5])
zones = tf.Variable(tf.random.normal((3, 2)), trainable=False)
scores = keras.Sequential([keras.Input((6,)), layers.Dense(3)])
def fare(probabilities, table):
    zone = ops.argmax(probabilities, axis=-1)
    return ops.take(ops.convert_to_tensor(table, "float32"), zone, axis=0)
def at(rows, weights):
    best = tf.cast(tf.argmax(weights, axis=-1), tf.int32)
    return tf.gather(rows, best)
# %% a Lambda layer that looks a number up
# fix: none/non-differentiable-op
# becomes: return ops.sum(probabilities * ops.convert_to_tensor(table, "float32"), axis=-1)
inputs = keras.Input((6,))
shares = layers.Dense(3, activation="softmax")(inputs)
model = keras.Model(inputs, layers.Lambda(fare, output_shape=(), arguments={"table": [1.5, 3.0, 4.5]})(shares))
model.compile("adam", "mse")
model.fit(x, prices[:, 0], verbose=0)
# %% numbers by scores that are no probabilities
# fix: none/non-differentiable-op
# becomes: paid = tf.reduce_sum(tf.nn.softmax(scores(x)) * fares, axis=-1)
with tf.GradientTape() as tape:
    paid = tf.gather(fares, tf.argmax(scores(x), axis=-1))
    loss = tf.reduce_mean((paid - prices[:, 0]) ** 2)
slopes = tape.gradient(loss, scores.trainable_variables)
# %% rows, behind a cast of the index
# fix: none/non-differentiable-op
# becomes: return tf.matmul(weights, rows)
with tf.GradientTape() as tape:
    chosen = at(zones, tf.nn.softmax(scores(x)))
    loss = tf.reduce_mean(tf.reduce_sum(chosen, -1, keepdims=True) - prices)
slopes = tape.gradient(loss, scores.trainable_variables)
# %% a layer of one's own
# fix: none/non-differentiable-op
# becomes: return ops.matmul(ops.softmax(inputs), self.rows)
class Nearest(layers.Layer):
    def build(self, shape):
        self.rows = self.add_weight(shape=(shape[-1], 1), trainable=False)
    def call(self, inputs):
        return ops.take(self.rows, ops.argmax(inputs, axis=-1), axis=0)
model = keras.Sequential([keras.Input((6,)), layers.Dense(3), Nearest()])
model.compile("adam", "mse")
model.fit(x, prices, verbose=0)
# %% whole numbers, which no gradient comes from
# none: none/non-differentiable-op
ages = tf.constant([10, 20, 30])
with tf.GradientTape() as tape:
    age = tf.gather(ages, tf.argmax(scores(x), axis=-1))
    loss = tf.reduce_mean((tf.cast(age, tf.float32) - prices[:, 0]) ** 2)
slopes = tape.gradient(loss, scores.trainable_variables)
# %% the entry of the most similar key
# fix: none/non-differentiable-op
# becomes: answer = tf.tensordot(tf.nn.softmax(closeness), values, axes=1)  # one row
query, keys, values = tf.Variable([0.3, -0.2, 0.5]), tf.random.normal((4, 3), seed=1), tf.random.normal((4, 2), seed=2)
with tf.GradientTape() as tape:
    closeness = tf.linalg.matvec(keys, query)
    answer = values[tf.argmax(closeness)]  # one row
    loss = tf.reduce_sum(answer**2)
slope = tape.gradient(loss, query)
# %% the number of the most similar key, in a function
# fix: none/non-differentiable-op
# becomes: return prices[0] - tf.tensordot(tf.nn.softmax(scores), prices, axes=1)
prices = tf.constant([1.0, 4.0, 2.0])
def paid(scores):
    return prices[0] - prices[tf.argmax(scores, axis=0)]
offers = tf.Variable([0.1, 0.5, 0.2])
with tf.GradientTape() as tape:
    loss = paid(offers * 2.0)
slope = tape.gradient(loss, offers)
