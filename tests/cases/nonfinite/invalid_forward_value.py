import tensorflow as tf
p = tf.Variable([0.0, 0.5], name="p")
# %% log of zero
with tf.GradientTape() as tape:
    h = tf.math.log(p)  # expect: nonfinite/invalid-forward-value
    loss = -tf.reduce_sum(h)
grad = tape.gradient(loss, p)
# %% zero by zero
with tf.GradientTape() as tape:
    q = p / (p * 1.0)  # expect: nonfinite/invalid-forward-value
    loss = tf.reduce_sum(q)
grad = tape.gradient(loss, p)
# %% near: divide no nan
with tf.GradientTape() as tape:
    q = tf.math.divide_no_nan(p, p * 2.0)
    loss = tf.reduce_sum(q * p)
grad = tape.gradient(loss, p)
# %% an infinite number times a mask
score = tf.Variable([1.0, 2.0], name="score")
mask = tf.constant([1.0, 0.0])
with tf.GradientTape() as tape:
    masked = score + (1.0 - mask) * -float("inf")  # expect: nonfinite/invalid-forward-value
    loss = tf.reduce_sum(tf.nn.softmax(masked) ** 2)
grad = tape.gradient(loss, score)
# %% an infinite number times a mask, compiled
score = tf.Variable([1.0, 2.0], name="score")
mask = tf.constant([1.0, 0.0])
@tf.function
def step():
    with tf.GradientTape() as tape:
        masked = score + (1.0 - mask) * -float("inf")  # expect: nonfinite/invalid-forward-value
        loss = tf.reduce_sum(tf.nn.softmax(masked) ** 2)
    return tape.gradient(loss, score)
step()
# %% near: an infinite number behind a selection
score = tf.Variable([1.0, 2.0, 3.0], name="score")
mask = tf.constant([True, False, True])
with tf.GradientTape() as tape:
    masked = tf.where(mask, score, -float("inf"))
    loss = tf.reduce_sum(tf.nn.softmax(masked) ** 2)
grad = tape.gradient(loss, score)
# %% the log of a determinant that is too small
factor = tf.Variable(0.01 * tf.eye(40), name="factor")
with tf.GradientTape() as tape:
    loss = tf.math.log(tf.linalg.det(factor))  # expect: nonfinite/invalid-forward-value
grad = tape.gradient(loss, factor)
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(0)
class Unit(keras.layers.Layer):
    def call(self, x):
        length = keras.ops.sum(keras.ops.abs(x), axis=-1, keepdims=True)
        return x / (length + 1e-8)  # expect: nonfinite/invalid-forward-value
class Large(keras.layers.Layer):
    def call(self, x):
        return x * 2.0
def build(layer):
    model = keras.Sequential([keras.Input((6,)), layer, keras.layers.Dense(2), keras.layers.Activation("linear", dtype="float32")])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model
x, y = np.ones((8, 6), "float32"), np.zeros((8, 2), "float32")
# %% a number that is 0 in float16, under a loss scale
# allow: step/skipped-by-loss-scale
keras.mixed_precision.set_global_policy("mixed_float16")
model = build(Unit(dtype="mixed_float16"))
keras.mixed_precision.set_global_policy("float32")
x[3] = 0.0
model.fit(x, y, verbose=0)
# %% near: finite in float16
keras.mixed_precision.set_global_policy("mixed_float16")
model = build(Large())
keras.mixed_precision.set_global_policy("float32")
model.fit(x, y, verbose=0)
# %% setup
import tensorflow as tf
w, b = tf.Variable(tf.ones((3, 1)), name="w"), tf.Variable([0.5], name="b")
x = tf.random.uniform((8, 3), 0.1, 1.0, seed=1)
@tf.recompute_grad
def again(inputs):
    rate = tf.nn.relu(w - 1.0)
    return tf.reduce_mean(tf.matmul(inputs, w) * b) + tf.reduce_sum(rate * tf.math.log(rate))  # expect: nonfinite/invalid-forward-value
@tf.custom_gradient
def entropy(p):
    logs = tf.math.log(p)  # also: nonfinite/invalid-forward-value
    return tf.reduce_sum(p * logs), lambda upstream: upstream * (logs + 1.0)
# %% inside a function that is computed again for its gradient
with tf.GradientTape() as tape:
    loss = again(x)
grads = tape.gradient(loss, [w, b])  # status: nan ok
# %% inside a function with a gradient of its own
with tf.GradientTape() as tape:
    loss = entropy(tf.nn.relu(w - 1.0)) + tf.reduce_sum(b)
grads = tape.gradient(loss, [w, b])  # status: nan ok
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(63)
weights_of = keras.Input((3,))
positive = keras.layers.Dense(2, activation="relu", kernel_initializer=keras.initializers.Constant(-1.0))(weights_of)
total = keras.ops.sum(positive, axis=-1, keepdims=True)
shares = positive / total  # expect: nonfinite/invalid-forward-value
portions = keras.Model(weights_of, shares / 2.0)
portions.compile("sgd", "mse")
# %% a quotient in a functional model
portions.fit(np.ones((4, 3), "float32"), np.ones((4, 2)), verbose=0)
# allow: step/update-destroys-weights
# %% and in a model that is built where it is trained
inputs = keras.Input((2,))
hidden = keras.layers.Dense(2, use_bias=False, kernel_initializer="identity")(inputs)
scores = keras.ops.log(hidden)  # expect: nonfinite/invalid-forward-value
built = keras.Model(inputs, scores * 0.5)
built.compile("sgd", "mse")
built.fit(-np.ones((4, 2), "float32"), np.ones((4, 2)), verbose=0)
# allow: step/update-destroys-weights nonfinite/loss-only
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(3)
draws = np.random.default_rng(0)
seen = draws.normal(size=(64, 4)).astype("float32")
kinds = np.eye(3, dtype="float32")[draws.integers(0, 3, 64)]
# %% a ReLU under the loss for probabilities: rows of zeros are divided by their sum
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")])  # expect: nonfinite/invalid-forward-value
net.compile("sgd", "categorical_crossentropy")
net.fit(seen, kinds, verbose=0)
# %% near: a softmax
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
net.compile("sgd", "categorical_crossentropy")
net.fit(seen, kinds, verbose=0)
