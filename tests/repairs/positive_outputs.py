# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
x = tf.random.normal((32, 4))
counts = tf.cast(tf.random.uniform((32, 1), 0, 6, tf.int32), tf.float32)
w, b = tf.Variable(tf.random.normal((4, 1))), tf.Variable(0.0)
poisson = keras.losses.Poisson()
class Spread(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(8, activation="tanh")
        self.mean = keras.layers.Dense(1, name="mean")
        self.sd = keras.layers.Dense(1, activation=None, name="sd")
    def call(self, inputs):
        h = self.hidden(inputs)
        return self.mean(h), self.sd(h)
def rate(inputs):
    return tf.matmul(inputs, w) + b
# %% a Poisson loss of compile
# fix: nonfinite/loss-only
# becomes: keras.layers.Dense(1, activation="softplus"),  # visits
model = keras.Sequential([
    keras.Input((4,)),
    keras.layers.Dense(8, activation="tanh"),
    keras.layers.Dense(1),  # visits
])
model.compile("adam", "poisson")
model.fit(x, counts, verbose=0)
# %% a rate that a function computes
# fix: nonfinite/loss-only
# becomes: return tf.math.softplus(tf.matmul(inputs, w) + b)
with tf.GradientTape() as tape:
    loss = poisson(counts, rate(x))
slopes = tape.gradient(loss, [w, b])
# %% the spread of a normal distribution
# fix: nonfinite/loss-only
# becomes: self.sd = keras.layers.Dense(1, activation="softplus", name="sd")
model = Spread()
with tf.GradientTape() as tape:
    mean, sd = model(x)
    loss = tf.reduce_mean(tf.math.log(sd) + tf.square((counts - mean) / sd) / 2.0)
slopes = tape.gradient(loss, model.trainable_variables)
# %% a likelihood that is written down
# fix: nonfinite/loss-only
# becomes: expected = tf.math.softplus(x @ w + b)
with tf.GradientTape() as tape:
    expected = x @ w + b
    loss = tf.reduce_mean(expected - counts * tf.math.log(expected))
slopes = tape.gradient(loss, [w, b])
# %% the logarithm of a probability, which 1 bounds as well
# dropped: nonfinite/loss-only
y = tf.cast(counts > 2.0, tf.float32)
with tf.GradientTape() as tape:
    p = x @ w + b
    loss = -tf.reduce_mean(y * tf.math.log(p) + (1.0 - y) * tf.math.log(1.0 - p))
slopes = tape.gradient(loss, [w, b])
# %% layers that one line makes
# none: nonfinite/loss-only
model = keras.Sequential([keras.Input((4,)), *[keras.layers.Dense(n) for n in (8, 1)]])
model.compile("adam", "poisson")
model.fit(x, counts, verbose=0)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
inputs, wanted = tf.random.normal((16, 3)), tf.random.normal((16, 1))
both = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
spread = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="relu")])
def nll(mu, sigma):
    return tf.reduce_mean(tf.math.log(sigma) + 0.5 * ((wanted - mu) / sigma) ** 2)
# %% one half of the output of a layer: the other half may be negative
# fix: nonfinite/loss-only
# becomes: sigma = tf.math.softplus(out[:, 1:])
with tf.GradientTape() as tape:
    out = both(inputs)
    mu = out[:, :1]
    sigma = out[:, 1:]
    loss = nll(mu, sigma)
grads = tape.gradient(loss, both.trainable_variables)
# %% both halves in one line
# fix: nonfinite/loss-only
# becomes: mu, sigma = out[:, :1], tf.math.softplus(out[:, 1:])
with tf.GradientTape() as tape:
    out = both(inputs)
    mu, sigma = out[:, :1], out[:, 1:]
    loss = nll(mu, sigma)
grads = tape.gradient(loss, both.trainable_variables)
# %% halves that a split gives
# fix: nonfinite/loss-only
# becomes: sigma = tf.math.softplus(sigma)
with tf.GradientTape() as tape:
    mu, sigma = tf.split(both(inputs), 2, axis=1)
    loss = nll(mu, sigma)
grads = tape.gradient(loss, both.trainable_variables)
# %% a spread that a ReLU makes 0
# fix: nonfinite/invalid-forward-value
# becomes: sigma = tf.math.softplus(both(inputs)[:, 1:])
with tf.GradientTape() as tape:
    sigma = tf.nn.relu(both(inputs)[:, 1:])
    loss = nll(0.0, sigma)
grads = tape.gradient(loss, both.trainable_variables)
# %% a layer whose ReLU makes it 0
# fix: nonfinite/invalid-forward-value
# becomes: spread = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="softplus")])
with tf.GradientTape() as tape:
    loss = nll(0.0, spread(inputs))
grads = tape.gradient(loss, spread.trainable_variables)
