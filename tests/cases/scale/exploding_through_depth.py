import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
recurrent = tf.Variable(2.0 * tf.eye(6), name="recurrent")
start = tf.Variable(tf.ones((1, 6)), name="start")
# %% a recurrence of thirty steps
with tf.GradientTape() as tape:
    state = start
    for _ in range(30):
        state = tf.nn.relu(state @ recurrent)  # expect: scale/exploding-through-depth
    loss = tf.reduce_mean(state)
grads = tape.gradient(loss, [start, recurrent])
# %% in a loop of a graph
@tf.function
def step():
    with tf.GradientTape() as tape:
        state = start * 1.0
        for _ in tf.range(30):
            state = tf.nn.relu(state @ recurrent)  # expect: scale/exploding-through-depth
        loss = tf.reduce_mean(state)
    return tape.gradient(loss, [start, recurrent])
step()
# %% near: an orthogonal recurrence
with tf.GradientTape() as tape:
    state = start
    for _ in range(30):
        state = tf.nn.relu(state @ (recurrent / 2.0))
    loss = tf.reduce_mean(state)
grads = tape.gradient(loss, [start, recurrent])
# %% in a loop inside a function that the tape does not see into
@tf.function
def simulate(rate, state):
    for _ in tf.range(40):
        state = state + rate * state * 2.0  # expect: scale/exploding-through-depth
    return state
rate = tf.Variable(0.7, name="rate")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((simulate(rate, tf.constant([1.0, 2.0])) - 1.0) * 0.01)
grad = tape.gradient(loss, rate)  # status: exploding
# %% near: a loop of few turns
@tf.function
def simulate(rate, state):
    for _ in tf.range(3):
        state = state + rate * state * 2.0
    return state
rate = tf.Variable(0.7, name="rate")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((simulate(rate, tf.constant([1.0, 2.0])) - 1.0) * 0.01)
grad = tape.gradient(loss, rate)
