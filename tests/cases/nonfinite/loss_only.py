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
