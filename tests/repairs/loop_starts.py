# %% setup
import tensorflow as tf
drive = tf.Variable(tf.random.normal((3, 4), seed=1, stddev=0.4))
feedback = tf.Variable(tf.random.normal((4, 4), seed=2, stddev=0.2))
inputs = tf.random.normal((6, 3), seed=3)
@tf.function
def settle(x, tolerance=1e-2):
    state, change, turns = tf.tanh(x @ drive), tf.constant(0.0), tf.constant(0)
    while change > tolerance and turns < 20:
        new = tf.tanh(x @ drive + state @ feedback)
        change = tf.reduce_max(tf.abs(new - state))
        state = new
        turns += 1
    return state
def relax(x):
    state = tf.tanh(x @ drive)
    gap = 0.0
    while 1e-2 < gap:
        new = tf.tanh(x @ drive + state @ feedback)
        gap = tf.reduce_max(tf.abs(new - state))
        state = new
    return state
@tf.function
def repeated(x, times):
    state, k = tf.tanh(x @ drive), tf.constant(0.0)
    while k < times:
        state = tf.tanh(x @ drive + state @ feedback)
        k += 1.0
    return state
# %% the distance begins at 0
# fix: zero/untaken-graph-branch
# becomes: state, change, turns = tf.tanh(x @ drive), tf.constant(float("inf")), tf.constant(0)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(settle(inputs) ** 2)
grads = tape.gradient(loss, [drive, feedback])
# %% a loop of Python
# fix: none/branch-not-taken
# becomes: gap = float("inf")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(relax(inputs) ** 2)
grads = tape.gradient(loss, [drive, feedback])
# %% near: a loop that counts, and is told to make no turn
# none: zero/untaken-graph-branch
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(repeated(inputs, tf.constant(0.0)) ** 2)
grads = tape.gradient(loss, [drive, feedback])
