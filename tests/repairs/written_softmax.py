# %% setup
import keras
import tensorflow as tf
from keras import backend as K, ops
keras.utils.set_random_seed(3)
scores, rows = tf.Variable([[95.0, 94.5, 93.0], [94.0, 95.0, 95.5]]), tf.random.normal((3, 4), seed=1)
keep = tf.constant([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
def attended(s):
    # the weights of the rows
    s = tf.exp(s / 0.9)
    weights = s / tf.reduce_sum(s, axis=-1, keepdims=True)
    return weights @ rows
def in_place(s):
    shares = tf.exp(s)
    # of each row
    shares /= tf.reduce_sum(shares, -1, keepdims=True)
    return shares @ rows
def named(s):
    top = tf.exp(s)
    total = tf.reduce_sum(top, axis=1, keepdims=True)
    p = tf.divide(top, total)
    return p @ rows
def at_once(s):
    return tf.exp(2.0 * s) / tf.math.reduce_sum(tf.exp(2.0 * s), axis=-1, keepdims=True) @ rows
class Pooled(keras.layers.Layer):
    def call(self, inputs):
        e = ops.exp(inputs)
        e = e / (ops.sum(e, axis=1, keepdims=True) + K.epsilon())
        return ops.sum(inputs * e, axis=1)
def by_column(s):
    e = tf.exp(s)
    return tf.reduce_sum(e / tf.reduce_sum(e, axis=0) * s)
def kept_too(s):
    s = tf.exp(s)
    p = s / tf.reduce_sum(s, axis=-1, keepdims=True)
    return p @ rows, s
def square(s):
    e = tf.exp(s)
    return tf.reduce_sum(e / tf.reduce_sum(e, axis=1))
def masked(s):
    e = tf.exp(s)
    e = e * keep
    return tf.reduce_sum(e / tf.reduce_sum(e, axis=1, keepdims=True) * s)
def chosen(s, cold):
    e = tf.exp(s)
    if cold:
        e = tf.exp(s / 0.1)
    return tf.reduce_sum(e / tf.reduce_sum(e, axis=1, keepdims=True) * s)
def moved(s):
    e = tf.exp(s)
    s = s - 1.0
    return tf.reduce_sum(e / tf.reduce_sum(e, axis=1, keepdims=True) * s)
# %% a name that is given its own exponential
# fix: nonfinite/overflow
# becomes: weights = tf.nn.softmax(s / 0.9, axis=-1)
# gone: s = tf.exp(s / 0.9)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(attended(scores) ** 2)
grad = tape.gradient(loss, scores)
# %% divided in place
# fix: nonfinite/overflow
# becomes: shares = tf.nn.softmax(s, axis=-1)
# gone: shares = tf.exp(s)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(in_place(scores) ** 2)
grad = tape.gradient(loss, scores)
# %% a total with a name, and a division by a function
# fix: nonfinite/overflow
# becomes: p = tf.nn.softmax(s, axis=1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(named(scores) ** 2)
grad = tape.gradient(loss, scores)
# %% in one expression
# fix: nonfinite/overflow
# becomes: return tf.nn.softmax(2.0 * s, axis=-1) @ rows
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(at_once(scores) ** 2)
grad = tape.gradient(loss, scores)
# %% with an epsilon, in a layer
# fix: nonfinite/overflow
# becomes: e = ops.softmax(inputs, axis=1)
# gone: e = ops.exp(inputs)
net = keras.Sequential([keras.Input((3, 2)), keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(40.0)), Pooled()])
net.compile("sgd", "mse")
net.fit(tf.ones((4, 3, 2)) * 2.0, tf.ones((4, 2)), verbose=0)
# %% over the first axis
# fix: nonfinite/overflow
# becomes: return tf.reduce_sum(tf.nn.softmax(s, axis=0) * s)
with tf.GradientTape() as tape:
    loss = by_column(scores)
grad = tape.gradient(loss, scores)
# %% near: the exponential is wanted by itself
# fix: nonfinite/overflow
# becomes: s = tf.exp(tf.clip_by_value(s, -80.0, 80.0))
sides = tf.Variable([[95.0, 2.0, 1.0], [1.0, 3.0, 2.0]])
with tf.GradientTape() as tape:
    p, s = kept_too(sides)
    loss = tf.reduce_mean(p ** 2) + 1e-37 * tf.reduce_mean(s)
grad = tape.gradient(loss, sides)
# %% near: divided by the sums of other rows
# fix: nonfinite/overflow
# becomes: e = tf.exp(tf.clip_by_value(s, -80.0, 80.0))
sides = tf.Variable([[95.0, 2.0], [1.0, 3.0]])
with tf.GradientTape() as tape:
    loss = square(sides)
grad = tape.gradient(loss, sides)
# %% near: some of them are masked
# fix: nonfinite/overflow
# becomes: e = tf.exp(tf.clip_by_value(s, -80.0, 80.0))
with tf.GradientTape() as tape:
    loss = masked(scores)
grad = tape.gradient(loss, scores)
# %% near: one of two exponentials
# fix: nonfinite/overflow
# gone: return tf.reduce_sum(tf.nn.softmax(s, axis=1) * s)
with tf.GradientTape() as tape:
    loss = chosen(scores, cold=False)
grad = tape.gradient(loss, scores)
# %% near: of what has another value by then
# fix: nonfinite/overflow
# gone: return tf.reduce_sum(tf.nn.softmax(s, axis=1) * s)
with tf.GradientTape() as tape:
    loss = moved(scores)
grad = tape.gradient(loss, scores)
# %% near: another cell has the name too
# fix: nonfinite/overflow
# becomes: e = tf.exp(scores)
# becomes: p = tf.nn.softmax(scores, axis=-1)
with tf.GradientTape() as tape:
    e = tf.exp(scores)
    p = e / tf.reduce_sum(e, axis=-1, keepdims=True)
    loss = tf.reduce_mean((p @ rows) ** 2)
grad = tape.gradient(loss, scores)
# %% in lines of the cell
# fix: nonfinite/overflow
# becomes: share = tf.nn.softmax(scores, axis=-1)
# gone: powers = tf.exp(scores)
with tf.GradientTape() as tape:
    powers = tf.exp(scores)
    share = powers / tf.reduce_sum(powers, axis=-1, keepdims=True)
    loss = tf.reduce_mean((share @ rows) ** 2)
grad = tape.gradient(loss, scores)
