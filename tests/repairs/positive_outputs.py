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
