# %% setup
import keras
import numpy as np
import tensorflow as tf
x = tf.random.normal((24, 3), seed=3) * tf.constant([40.0, 200.0, 90.0])
y = tf.cast(x[:, :1] > 0.0, tf.float32)
answers = (np.arange(24) % 2).reshape(-1, 1)
labels = tf.one_hot([0, 1, 2] * 8, 3)
W, b = tf.Variable([[1.0], [-0.5], [0.7]]), tf.Variable([0.0])
V = tf.Variable([[2.0, -1.0, 0.5], [0.3, 1.0, -2.0], [1.0, 0.2, 0.1]])
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid", kernel_initializer="ones", name="chance")])
trained = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid", kernel_initializer="ones", name="other")])
def predict(data):
    return tf.sigmoid(tf.matmul(data, W) + b)
def cross_entropy(truth, p):
    return -tf.reduce_mean(truth * tf.math.log(p) + (1 - truth) * tf.math.log(1 - p))
def guess(data):
    z = tf.matmul(data, W) + b
    a = tf.nn.sigmoid(z)
    return a
def binary(truth, guessed):
    losses = -truth * tf.math.log(guessed) - (1.0 - truth) * tf.math.log(1.0 - guessed)
    return tf.reduce_mean(losses)
def classes(data):
    return tf.nn.softmax(data @ V)
def nll(truth, p):
    return -tf.reduce_mean(tf.reduce_sum(truth * tf.math.log(p), axis=1))
def chance(data):
    return tf.sigmoid(tf.matmul(data, W))
def weighted(truth, p):
    return -tf.reduce_mean(3.0 * truth * tf.math.log(p) + (1 - truth) * tf.math.log(1 - p))
def surprise(p):
    return -tf.reduce_mean(tf.math.log(p))
def both(data):
    return tf.sigmoid(data @ W), data
class Logistic(tf.Module):
    def __init__(self):
        self.w, self.b = tf.Variable(tf.ones((3, 1))), tf.Variable([0.0])
    def __call__(self, data):
        return tf.sigmoid(data @ self.w + self.b)
class Layered(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = keras.layers.Dense(1, kernel_initializer="ones")
    def call(self, data):
        return tf.sigmoid(self.last(data))
def fitted(machine, data, truth):
    with tf.GradientTape() as tape:
        p = machine(data)
        loss = -tf.reduce_mean(truth * tf.math.log(p) + (1 - truth) * tf.math.log(1 - p))
    return tape.gradient(loss, machine.trainable_variables)
# %% the logistic regression of a course
# fix: nonfinite/invalid-forward-value
# becomes: return tf.matmul(data, W) + b
# becomes: return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=p))
# becomes: share = tf.reduce_mean(tf.cast((tf.sigmoid(p) > 0.5) == (y > 0.5), tf.float32))
with tf.GradientTape() as tape:
    p = predict(x)
    cost = cross_entropy(y, p)
grads = tape.gradient(cost, [W, b])
share = tf.reduce_mean(tf.cast((p > 0.5) == (y > 0.5), tf.float32))
# %% the terms with a minus sign each
# fix: nonfinite/invalid-forward-value
# becomes: a = z
# becomes: losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=guessed)
with tf.GradientTape() as tape:
    cost = binary(y, guess(x))
grads = tape.gradient(cost, [W, b])
# %% labels of NumPy
# fix: nonfinite/invalid-forward-value
# becomes: return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.cast(truth, tf.float32), logits=p))
with tf.GradientTape() as tape:
    cost = cross_entropy(answers, predict(x))
grads = tape.gradient(cost, [W, b])
# %% a model whose last layer is a sigmoid
# fix: nonfinite/invalid-forward-value
# becomes: loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=out))
# becomes: model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones", name="chance")])
with tf.GradientTape() as tape:
    out = model(x, training=True)
    loss = -tf.reduce_mean(y * tf.math.log(out) + (1.0 - y) * tf.math.log(1.0 - out))
grads = tape.gradient(loss, model.trainable_variables)
# %% a softmax
# fix: nonfinite/invalid-forward-value
# becomes: return data @ V
# becomes: return -tf.reduce_mean(tf.reduce_sum(truth * tf.nn.log_softmax(p), axis=1))
with tf.GradientTape() as tape:
    loss = nll(labels, classes(x))
grad = tape.gradient(loss, V)
# %% with weights, and a number below
# fix: nonfinite/invalid-forward-value
# becomes: return -tf.reduce_mean(3.0 * truth * tf.math.log_sigmoid(p) + (1 - truth) * (-tf.math.softplus(p)))
with tf.GradientTape() as tape:
    loss = weighted(y, chance(x))
grad = tape.gradient(loss, W)
# %% saturated, and kept above zero
# fix: zero/saturated-activation
# becomes: q = w
# becomes: loss = tf.math.softplus(q)
w = tf.Variable(60.0)
with tf.GradientTape() as tape:
    q = tf.sigmoid(w)
    loss = -tf.math.log(1.0 - q + 1e-7)
grad = tape.gradient(loss, w)
# %% an object that is called
# fix: nonfinite/invalid-forward-value
# becomes: return data @ self.w + self.b
# becomes: loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=p))
# becomes: right = tf.reduce_mean(tf.round(tf.sigmoid(logistic(x))))
logistic = Logistic()
grads = fitted(logistic, x, y)
right = tf.reduce_mean(tf.round(logistic(x)))
# %% near: an object that Keras calls too
# untried: nonfinite/invalid-forward-value
# becomes: loss = -tf.reduce_mean(truth * tf.math.log(tf.maximum(p, 1e-7)) + (1 - truth) * tf.math.log(1 - p))
# gone: return self.last(data)
layered = Layered()
layered.compile("sgd", "binary_crossentropy")
grads = fitted(layered, x, y)
# %% near: a model that Keras evaluates too
# untried: nonfinite/invalid-forward-value
# gone: loss = surprise(trained(-tf.abs(x)))
# becomes: return -tf.reduce_mean(tf.math.log(tf.maximum(p, 1e-7)))
trained.compile("sgd", "binary_crossentropy")
with tf.GradientTape() as tape:
    loss = surprise(trained(-tf.abs(x) - 60.0))
grads = tape.gradient(loss, trained.trainable_variables)
# %% near: handed on in a tuple
# untried: nonfinite/invalid-forward-value
# becomes: loss = -tf.reduce_mean(tf.math.log(tf.maximum(q, 1e-7)))
with tf.GradientTape() as tape:
    q, data = both(-tf.abs(x) * tf.constant([[1.0, 0.0, 1.0]]))
    loss = -tf.reduce_mean(tf.math.log(q))
grad = tape.gradient(loss, W)
