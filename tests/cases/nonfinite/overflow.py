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
