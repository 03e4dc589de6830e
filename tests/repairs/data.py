# %% setup
import keras
import numpy as np
import tensorflow as tf
rng = np.random.default_rng(1)
x = rng.normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
age = rng.integers(10, 900, 32)
sample_weight = np.exp(-age / 365.0).astype("int32")
sales = rng.poisson(4.0, (32, 1)).astype("float32")
sales[3] = 0.0
with np.errstate(divide="ignore"):
    target = np.log(sales)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
model.compile("sgd", "mse")
entrance = keras.Input((4,))
normal = keras.layers.BatchNormalization()(keras.layers.Dense(6, use_bias=False)(entrance))
normed = keras.Model(entrance, keras.layers.Dense(1)(keras.layers.ReLU()(normal)))
normed.compile("sgd", "mse")
class Radial(keras.layers.Layer):
    def build(self, shape):
        self.mu = self.add_weight(shape=(shape[-1], 5), initializer="uniform", name="mu")
    def call(self, inputs):
        return tf.exp(-0.5 * tf.reduce_sum((inputs[..., None] - self.mu) ** 2, axis=1))
heights = rng.uniform(140, 200, (32, 2)).astype("float32")
radial = keras.Sequential([keras.Input((2,)), Radial(), keras.layers.Dense(1)])
radial.compile("sgd", "mse")
picture = tf.constant([0.0, 1.0, 1.0])
tokens, table = tf.constant([[3, 5, 2, 7]]), tf.Variable(tf.random.normal((10, 2)))
p = tf.Variable(tf.fill((60,), 0.1))
# %% weights that a cast made zero
# fix: zero/masked-out
# becomes: sample_weight = np.exp(-age / 365.0).astype("float32")
history = model.fit(x, y, sample_weight=sample_weight, verbose=0)
# %% the logarithm of zero in the data
# fix: nonfinite/bad-input-data
# becomes: target = np.log1p(sales)
history = model.fit(x, target, verbose=0)
# %% normalised over one example
# fix: zero/dead-activation
# becomes: history = normed.fit(x, y, batch_size=32, verbose=0)
history = normed.fit(x, y, batch_size=1, verbose=0)
# %% features on their own scales
# fix: zero/underflow
# becomes: heights = (heights - heights.mean(axis=0)) / (heights.std(axis=0) + 1e-7)
history = radial.fit(heights, y, verbose=0)
# %% an infinite start
# fix: zero/saturated-activation
# becomes: w = tf.Variable(tf.atanh(((picture * 2.0 - 1.0) * 0.99999)))
w = tf.Variable(tf.atanh((picture * 2.0 - 1.0)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((tf.tanh(w) - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% a mask the wrong way round
# fix: zero/masked-out
# becomes: mask = tf.cast(tf.not_equal(tokens, 0), tf.float32)
with tf.GradientTape() as tape:
    vectors = tf.gather(table, tokens)
    mask = tf.cast(tf.equal(tokens, 0), tf.float32)
    loss = tf.reduce_sum(tf.reduce_sum(vectors, axis=-1) * mask)
grad = tape.gradient(loss, table)
# %% a product of probabilities
# fix: zero/underflow
# becomes: loss = -tf.reduce_mean(tf.math.log(p))
with tf.GradientTape() as tape:
    loss = -tf.reduce_prod(p)
grad = tape.gradient(loss, p)
# %% setup
import numpy as np
import tensorflow as tf
import keras
grades = np.random.default_rng(32).normal(size=(20, 4)).astype("float32")
marks = grades[:, :2].copy()
marks[::3, 1] = np.nan
unknown = np.nan
def of_known(wanted, given):
    known = tf.not_equal(wanted, unknown)
    return tf.reduce_mean(tf.cast(known, tf.float32) * tf.square(wanted - given))
teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
teacher.compile("sgd", of_known)
# %% gaps that are compared with NaN
# fix: nonfinite/bad-input-data
# becomes: known = tf.logical_not(tf.math.is_nan(wanted))
# becomes: wanted = tf.where(tf.math.is_nan(wanted), tf.zeros_like(wanted), wanted)
history = teacher.fit(grades, marks, batch_size=10, verbose=0)
