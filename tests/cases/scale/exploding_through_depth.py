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
