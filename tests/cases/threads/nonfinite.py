import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.uniform((16, 1))
w = tf.Variable([0.0, 2.0, 3.0], name="w")
# %% norm of zero
d = tf.Variable(tf.zeros((3,)), name="d")
with tf.GradientTape() as tape:
    loss = tf.norm(d)  # expect: nonfinite/infinite-derivative
grad = tape.gradient(loss, d)  # status: nan
# %% distance of equal embeddings
net = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
with tf.GradientTape() as tape:
    distance = tf.sqrt(tf.reduce_sum((net(x) - net(x)) ** 2, axis=1))  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_mean(distance)
grads = tape.gradient(loss, net.trainable_variables)  # status: nan nan|ok|zero
# %% square root of zero
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sqrt(w))  # expect: nonfinite/infinite-derivative
grad = tape.gradient(loss, w)  # status: inf
# %% fractional power of zero
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w ** 0.5)  # expect: nonfinite/infinite-derivative
grad = tape.gradient(loss, w)  # status: inf
# %% arc cosine at one
v = tf.Variable([1.0, 0.0], name="v")
with tf.GradientTape() as tape:
    angle = tf.acos(v)  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum(angle)
grad = tape.gradient(loss, v)  # status: inf
# %% deviation of equal values, compiled
v = tf.Variable(tf.ones((4,)), name="v")
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.math.reduce_std(v)  # expect: nonfinite/infinite-derivative
    grad = tape.gradient(loss, v)  # status: nan
    return grad
step()
# %% where around a division
with tf.GradientTape() as tape:
    ratio = tf.where(w > 0, 1.0 / w, 0.0)  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(ratio)
grad = tape.gradient(loss, w)  # status: nan
# %% where around a power, compiled
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.where(w > 0, w ** 0.3, tf.zeros_like(w)))  # expect: nonfinite/where-trap
    grad = tape.gradient(loss, w)  # status: nan
    return grad
step()
# %% a mask by multiplication
mask = tf.constant([0.0, 1.0, 1.0])
with tf.GradientTape() as tape:
    logs = tf.math.log(w)  # also: nonfinite/where-trap
    safe = tf.where(mask > 0, logs, 0.0)  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(safe)
grad = tape.gradient(loss, w)  # status: nan
# %% near: sqrt of a masked distance times its mask
pos = tf.Variable([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], name="pos")
off = 1.0 - tf.eye(3)
with tf.GradientTape() as tape:
    delta = pos[:, None] - pos[None]
    dist = tf.sqrt(tf.reduce_sum(delta ** 2, axis=-1))
    loss = tf.reduce_sum(dist * off)
grad = tape.gradient(loss, pos)  # status: ok
# %% log of zero
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(w))  # expect: nonfinite/invalid-forward-value or nonfinite/infinite-derivative
grad = tape.gradient(loss, w)  # status: inf
# %% cross entropy by hand on a softmax that reaches zero
logits = tf.Variable([[200.0, 0.0]], name="logits")
with tf.GradientTape() as tape:
    p = tf.nn.softmax(logits)
    loss = -tf.reduce_sum(tf.constant([[1.0, 0.0]]) * tf.math.log(p))  # expect: nonfinite/invalid-forward-value
grad = tape.gradient(loss, logits)  # status: nan
# %% log of a negative number inside a product
v = tf.Variable([-1.0, 2.0], name="v")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(v) ** 2)  # expect: nonfinite/invalid-forward-value
grad = tape.gradient(loss, v)  # status: nan
# %% zero by zero
total = tf.Variable(0.0, name="total")
with tf.GradientTape() as tape:
    share = total / tf.abs(total)  # expect: nonfinite/invalid-forward-value
    loss = share ** 2
grad = tape.gradient(loss, total)  # status: nan
# %% mean of nothing
net = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(1)])
with tf.GradientTape() as tape:
    chosen = tf.boolean_mask(net(x), y[:, 0] > 2.0)  # also: zero/rows-not-selected
    loss = tf.reduce_mean(chosen ** 2)  # expect: nonfinite/invalid-forward-value or nonfinite/loss-only or zero/rows-not-selected
grads = tape.gradient(loss, net.trainable_variables)  # status: zero zero zero zero
# allow: zero/rows-not-selected nonfinite/loss-only
# %% normalised by a constant feature
features = tf.constant([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
k = tf.Variable([[1.0], [1.0]], name="k")
with tf.GradientTape() as tape:
    spread = tf.math.reduce_std(features, axis=0)
    scaled = (features - tf.reduce_mean(features, axis=0)) / spread  # expect: nonfinite/invalid-forward-value
    loss = tf.reduce_mean((scaled @ k) ** 2)
grad = tape.gradient(loss, k)  # status: nan
# %% NaN in the table of inputs, own loop
data = np.ones((8, 4), "float32")
data[3, 2] = np.nan  # also: nonfinite/bad-input-data
net = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(data) ** 2)  # expect: nonfinite/bad-input-data
grads = tape.gradient(loss, net.trainable_variables)  # status: nan nan
# %% NaN in the table of inputs, fit
data = np.ones((8, 4), "float32")
data[3, 2] = np.nan  # also: nonfinite/bad-input-data
net = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
net.compile("sgd", "mse")
net.fit(data, np.ones((8, 1)), verbose=0)  # status: nan nan # expect: nonfinite/bad-input-data
# allow: step/update-destroys-weights
# %% NaN among the labels
labels = np.ones((16, 1), "float32")
labels[5] = np.nan  # also: nonfinite/bad-input-data
net = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - labels) ** 2)  # expect: nonfinite/bad-input-data
grads = tape.gradient(loss, net.trainable_variables)  # status: nan nan
# %% an infinite weight
v = tf.Variable([1.0, np.inf], name="v")  # also: nonfinite/bad-variable-value
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.tanh(v) * v)  # expect: nonfinite/bad-variable-value
grad = tape.gradient(loss, v)  # status: nan
# %% weights that are NaN since an earlier step
v = tf.Variable([1.0, np.nan], name="v")  # also: nonfinite/bad-variable-value
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)  # expect: nonfinite/bad-variable-value
    grad = tape.gradient(loss, v)  # status: nan
    return grad
step()
# %% exp overflows
v = tf.Variable([1.0, 100.0], name="v")
with tf.GradientTape() as tape:
    e = tf.exp(v)  # expect: nonfinite/overflow
    loss = e[1] / tf.reduce_sum(e)
grad = tape.gradient(loss, v)  # status: nan
# %% softplus by hand, compiled
v = tf.Variable([1.0, 100.0], name="v")
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.math.log(1.0 + tf.exp(v)))  # expect: nonfinite/overflow
    grad = tape.gradient(loss, v)  # status: nan
    return grad
step()
# %% a float16 sum of squares
h = tf.Variable(tf.fill((4,), tf.constant(300.0, tf.float16)), name="h")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(h * h)  # expect: nonfinite/overflow or nonfinite/loss-only
    loss = tf.sqrt(loss)
grad = tape.gradient(loss, h)  # status: zero
# %% exp in a layer of fit
class Exponential(layers.Layer):
    def call(self, inputs):
        return tf.exp(inputs)  # expect: nonfinite/overflow
net = keras.Sequential([keras.Input((4,)), layers.Dense(3), Exponential(), layers.Dense(1)])
net.compile("sgd", "mse")
net.fit(x * 500.0, y, verbose=0)  # status: nan nan nan nan|inf
# allow: step/update-destroys-weights nonfinite/bad-variable-value scale/unscaled-loss-or-data
# %% learning rate far too large
v = tf.Variable([1.0, 2.0], name="v")
for step in range(30):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v ** 4)  # also: nonfinite/overflow or nonfinite/bad-variable-value
    grad = tape.gradient(loss, v)
    v.assign_sub(10.0 * grad)  # expect: step/update-destroys-weights or nonfinite/overflow or nonfinite/bad-variable-value
# allow: scale/unscaled-loss-or-data nonfinite/overflow nonfinite/bad-variable-value nonfinite/invalid-forward-value scale/exploding-through-depth step/update-destroys-weights
# %% a log of a negative number alone
v = tf.Variable([-2.0, 2.0], name="v")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(v))  # expect: nonfinite/loss-only
grad = tape.gradient(loss, v)  # status: ok
# %% a log of a negative number alone, compiled
v = tf.Variable([-2.0, 2.0], name="v")
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.math.log(v))  # expect: nonfinite/loss-only
    grad = tape.gradient(loss, v)  # status: ok
    v.assign_sub(0.01 * grad)
    return loss
step()
# %% near: zero to an even power
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w ** 2 + tf.sqrt(w + 1e-6))
grad = tape.gradient(loss, w)  # status: ok
# %% near: divide_no_nan
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.divide_no_nan(1.0, w))
grad = tape.gradient(loss, w)  # status: ok
# %% near: minus infinity as a mask of attention
scores = tf.Variable([1.0, 2.0, 3.0], name="scores")
with tf.GradientTape() as tape:
    masked = tf.where([True, False, True], scores, -np.inf)
    loss = tf.reduce_sum(tf.nn.softmax(masked) * tf.constant([1.0, 2.0, 3.0]))
grad = tape.gradient(loss, scores)  # status: ok
# %% near: NaN in a column that is never read
table = np.array([[1.0, np.nan], [2.0, np.nan]], "float32")
v = tf.Variable(1.0, name="v")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(v * table[:, 0])
grad = tape.gradient(loss, v)  # status: ok
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
x = tf.random.normal((8, 4))
layer = keras.layers.Dense(3)
layer.build((None, 4))
# %% file losses.py
import tensorflow as tf

def cosine(a, b):
    na = tf.sqrt(tf.reduce_sum(a * a, axis=-1))  # expect: nonfinite/infinite-derivative or nonfinite/invalid-forward-value
    nb = tf.sqrt(tf.reduce_sum(b * b, axis=-1))
    return tf.reduce_sum(a * b, axis=-1) / (na * nb)  # also: nonfinite/invalid-forward-value
# %% cosine of a zero vector in an imported file
from losses import cosine
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(cosine(layer(tf.zeros((2, 4))), tf.ones((2, 3))))
grads = tape.gradient(loss, layer.trainable_variables)  # status: nan nan
