# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import ops
x, y = tf.random.normal((16, 4), seed=1), tf.cast(tf.random.uniform((16, 1), seed=2) > 0.5, "float32")
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(90.0))])
def squash(values):
    e = tf.exp(-values)
    return 1.0 / (1.0 + e)
class Smooth(keras.losses.Loss):
    def call(self, y_true, y_pred):
        gap = ops.subtract(y_pred, y_true)
        return ops.mean(ops.log(ops.cosh(gap)), axis=-1)
def entropy(truth, logits):
    p = tf.nn.sigmoid(logits)
    return -tf.reduce_mean(truth * tf.math.log(p) + (1.0 - truth) * tf.math.log(1.0 - p))
def share(values):
    total = tf.reduce_sum(tf.exp(values))
    return tf.exp(values) / total
# %% log of cosh in a loss of keras.ops
# fix: nonfinite/overflow
# becomes: return ops.mean(gap + ops.softplus(-2.0 * gap) - np.log(2.0), axis=-1)
net.compile("sgd", Smooth())
net.fit(x, y, verbose=0)
# %% a sigmoid with a named part
# fix: nonfinite/overflow
# becomes: return tf.sigmoid(values)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(squash(net(x)) - y))
grads = tape.gradient(loss, net.trainable_variables)
# %% a cross-entropy of one's own
# fix: nonfinite/invalid-forward-value
# becomes: return -tf.reduce_mean(truth * tf.math.log_sigmoid(logits) + (1.0 - truth) * (-tf.math.softplus(logits)))
with tf.GradientTape() as tape:
    loss = entropy(y, net(x))
grads = tape.gradient(loss, net.trainable_variables)
# %% a tanh of sinh and cosh
# fix: nonfinite/overflow
# becomes: loss = tf.reduce_sum((tf.tanh(w * 60.0) - 0.5) ** 2)
w = tf.Variable([0.01, 2.0, -3.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((tf.sinh(w * 60.0) / tf.cosh(w * 60.0) - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% a cosh by itself is only bounded
# fix: nonfinite/overflow
# becomes: loss = tf.reduce_sum(tf.cosh(tf.clip_by_value(w, -80.0, 80.0)))
w = tf.Variable([0.5, 200.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.cosh(w))
grad = tape.gradient(loss, w)
# %% over all of a matrix there is no softmax
# dropped: nonfinite/overflow
w = tf.Variable([[0.5, 200.0], [1.0, 2.0]])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(share(w)[0])
grad = tape.gradient(loss, w)
