# %% setup
import copy
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
model, encoder = make(), keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])
head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
class Noisy(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.sigma = tf.Variable(0.5, name="sigma")
    def call(self, inputs):
        self.sigma = tf.Variable(0.5, name="sigma")
        return inputs * self.sigma
noisy = Noisy()
sigma, w = noisy.sigma, tf.Variable(2.0)
image, conv = tf.random.uniform((1, 6, 6, 1)), keras.layers.Conv2D(2, 3)
# %% under another tape
# fix: none/outside-tape
# becomes: with tf.GradientTape() as second:
with tf.GradientTape() as first:
    pred = model(x)
with tf.GradientTape() as second:
    loss = tf.reduce_mean((pred - y) ** 2)
grads = second.gradient(loss, model.trainable_variables)
# %% in a dataset
# fix: none/outside-tape
# becomes: batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(32).map(lambda a, b: (a, b))
# becomes: loss = tf.reduce_mean((head(encoder(features)) - labels) ** 2)
batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(32).map(lambda a, b: (encoder(a), b))
for features, labels in batches:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(features) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)
# %% a tape that watches nothing
# fix: none/not-watched
# becomes: with tf.GradientTape() as tape:
with tf.GradientTape(watch_accessed_variables=False) as tape:
    loss = tf.reduce_mean(model(x) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# %% the features of another run
# fix: none/unused-variable
# becomes: score = tf.reduce_sum(features ** 2)
features = conv(image)
with tf.GradientTape() as tape:
    tape.watch(features)
    score = tf.reduce_sum(conv(image) ** 2)
grads = tape.gradient(score, features)
# %% rebuilt before the gradient call
# fix: none/different-object
# gone: model = make()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
model = make()
grads = tape.gradient(loss, model.trainable_variables)
# %% made anew in call
# fix: none/different-object
# becomes: def call(self, inputs):
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(noisy(x) ** 2)
grad = tape.gradient(loss, sigma)
# %% a copy of the variable
# fix: none/state-assignment
# becomes: v = w
v = copy.deepcopy(w)
with tf.GradientTape() as tape:
    loss = v ** 2
grad = tape.gradient(loss, w)
# %% setup
import tensorflow as tf
x = tf.random.normal((32, 8))
u, k = tf.Variable(2.5 * tf.eye(4)), tf.Variable(tf.random.normal((8, 4), seed=3))
w = tf.Variable(2.0)
# %% a recurrence without a bound
# fix: scale/exploding-through-depth
# becomes: h = tf.tanh(h @ u + x @ k)
@tf.function
def step():
    with tf.GradientTape() as tape:
        h = tf.zeros((32, 4))
        for t in tf.range(40):
            h = h @ u + x @ k
        loss = tf.reduce_mean(h ** 2)
    return tape.gradient(loss, [u, k])
grads = step()
# %% a huge factor
# fix: scale/unscaled-loss-or-data
# becomes: loss = (w * 3.0 - 1.0) ** 2
with tf.GradientTape() as tape:
    loss = 1e12 * (w * 3.0 - 1.0) ** 2
grad = tape.gradient(loss, w)
