import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% overwritten
with tf.GradientTape() as tape:
    h = w * 3.0
    m = h * b  # expect: none/discarded-result
    loss = h * h
grads = tape.gradient(loss, [w, b])
# %% near: used
with tf.GradientTape() as tape:
    h = w * 3.0
    m = h * b
    loss = h * m
grads = tape.gradient(loss, [w, b])
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
critic = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-3)
points = tf.random.normal((6, 3))
x = tf.Variable(2.0)
# %% near the last bias of a critic in a gradient penalty
with tf.GradientTape() as tape:
    with tf.GradientTape() as inner:
        inner.watch(points)
        score = critic(points)
    slope = inner.gradient(score, points)  # note: none/discarded-result
    penalty = tf.reduce_mean((tf.norm(slope, axis=1) - 1.0) ** 2)
grads = tape.gradient(penalty, critic.trainable_variables)  # status: ok ok ok none
optimizer.apply_gradients(zip(grads, critic.trainable_variables))  # allow: step/silently-skipped
# %% the second derivative of a straight line
with tf.GradientTape() as tape:
    with tf.GradientTape() as inner:
        y = 3.0 * x + 1.0
    first = inner.gradient(y, x)  # expect: none/discarded-result
second = tape.gradient(first, x)  # status: none
# %% near the second derivative of a parabola
with tf.GradientTape() as tape:
    with tf.GradientTape() as inner:
        y = 3.0 * x**2 + 1.0
    first = inner.gradient(y, x)
second = tape.gradient(first, x)  # status: ok
