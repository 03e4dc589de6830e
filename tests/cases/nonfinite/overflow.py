import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, 95.0], name="w")
# %% an exponential
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.exp(w))  # expect: nonfinite/overflow
grad = tape.gradient(loss, w)
# %% a product in float16
h = tf.Variable(tf.constant([300.0, 2.0], tf.float16))
with tf.GradientTape() as tape:
    square = h * h  # expect: nonfinite/overflow
    loss = tf.reduce_sum(square * square)  # allow: nonfinite/loss-only
grad = tape.gradient(loss, h)
# %% inside a compiled step
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.exp(w))  # expect: nonfinite/overflow
    return tape.gradient(loss, w)
step()
# %% near: large and finite
with tf.GradientTape() as tape:
    loss = tf.math.log(tf.reduce_sum(tf.exp(w - tf.stop_gradient(tf.reduce_max(w)))))
grad = tape.gradient(loss, w)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
lengths = np.array([[2.0], [5.0], [7.0], [48.0]], "float32")
weights = lengths @ np.array([[1.5]], "float32") + 0.5
a = tf.Variable([[0.2]], name="a")
c = tf.Variable([0.1], name="c")
# %% a loss that overflows long before its gradients do
sgd = keras.optimizers.SGD(0.02)
for _ in range(50):
    with tf.GradientTape() as tape:
        far = lengths @ a + c - weights
        loss = tf.reduce_mean(far**2)  # expect: nonfinite/overflow
    grads = tape.gradient(loss, [a, c])  # status: nan nan
    sgd.apply_gradients(zip(grads, [a, c]))
# allow: step/update-destroys-weights scale/unscaled-loss-or-data
# %% in the same way by hand, in a function
def squared_error():
    return tf.reduce_sum(tf.math.squared_difference(tf.matmul(lengths, a), weights))  # expect: nonfinite/overflow
for turn in range(40):
    with tf.GradientTape() as tape:
        cost = squared_error()
    slope = tape.gradient(cost, a)
    a.assign_sub(0.05 * slope)
# allow: step/update-destroys-weights scale/unscaled-loss-or-data
# %% and in a compiled step
@tf.function
def descend(rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(lengths * a + c - weights))  # expect: nonfinite/overflow
    da, dc = tape.gradient(loss, [a, c])
    a.assign_sub(rate * da)
    c.assign_sub(rate * dc)
    return loss
for _ in range(45):
    descend(tf.constant(0.03))
# allow: step/update-destroys-weights scale/unscaled-loss-or-data
