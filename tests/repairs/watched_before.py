# %% setup
import keras
import tensorflow as tf
net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
times, grid = tf.reshape(tf.linspace(0.0, 2.0, 9), (9, 1)), tf.constant([[0.3], [0.6]])
def slope_of(tape, y, x):
    slope = tape.gradient(y, x)
    return tf.zeros_like(x) if slope is None else slope
def residual(t):
    with tf.GradientTape() as inner:
        theta = net(t)
    return slope_of(inner, theta, t) + 1.5 * theta
def twice(points):
    with tf.GradientTape() as inner:
        value = net(points)
    return slope_of(inner, x=points, y=value)
# %% asked for by another function, under an outer tape
# fix: none/not-watched
# becomes: inner.watch(t)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(residual(times) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% by keyword
# fix: none/not-watched
# becomes: inner.watch(points)
slope = twice(grid)
# %% in the same function
# fix: none/not-watched
# becomes: tape.watch(grid)
with tf.GradientTape() as tape:
    value = net(grid)
slope = tape.gradient(value, grid)
