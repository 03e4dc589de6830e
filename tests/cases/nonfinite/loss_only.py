import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([-1.0, 2.0], name="w")
# %% the log of a negative number
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(w))  # expect: nonfinite/loss-only
grad = tape.gradient(loss, w)
# %% an infinite constant beside
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w) + tf.math.log(tf.constant(0.0))  # expect: nonfinite/loss-only
grad = tape.gradient(loss, w)
# %% compiled
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.math.log(w))  # expect: nonfinite/loss-only
    return tape.gradient(loss, w)
step()
# %% near: a finite loss
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(tf.abs(w)))
grad = tape.gradient(loss, w)
# %% in a later run
v = tf.Variable(0.3, name="v")
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.math.log(v) + 0.01 * v  # expect: nonfinite/loss-only
    grad = tape.gradient(loss, v)
    v.assign_sub(0.1 * grad)
# %% in a later run, compiled
v = tf.Variable(0.3, name="v")
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.math.log(v) + 0.01 * v  # expect: nonfinite/loss-only
    grad = tape.gradient(loss, v)
    v.assign_sub(0.1 * grad)
for turn in range(4):
    step()
# %% a mean over nothing
v = tf.Variable([0.3, 0.4], name="v")
with tf.GradientTape() as tape:
    chosen = tf.boolean_mask(v, v > 1.0)
    loss = tf.reduce_mean(chosen**2)  # expect: nonfinite/loss-only
grad = tape.gradient(loss, v)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
inputs, wanted = tf.random.normal((16, 3)), tf.random.normal((16, 1))
both = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
# %% the spread of a likelihood is negative here and next to 0 there: one cause, and the size of the gradients is no finding of its own
with tf.GradientTape() as tape:
    out = both(inputs)
    mu, sigma = out[:, :1], out[:, 1:]
    loss = tf.reduce_mean(tf.math.log(sigma) + 0.5 * ((wanted - mu) / sigma) ** 2)  # expect: nonfinite/loss-only
grads = tape.gradient(loss, both.trainable_variables)
