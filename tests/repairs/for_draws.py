# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(2)
np.random.seed(2)
states, rewards = np.random.randn(5, 4).astype("float32"), np.random.rand(5).astype("float32")
policy = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
def played(state):
    odds = policy(state[None]).numpy()[0]
    action = np.random.choice(len(odds), p=odds / odds.sum())
    return tf.math.log(odds[action])
# %% in the loop of an episode
# fix: none/left-tensorflow
# becomes: probs = policy(state[None])[0]  # of both actions
# becomes: action = np.random.choice(2, p=probs.numpy() / probs.numpy().sum())
with tf.GradientTape() as tape:
    loss = 0.0
    for state, reward in zip(states, rewards):
        probs = policy(state[None]).numpy()[0]  # of both actions
        action = np.random.choice(2, p=probs / probs.sum())
        loss -= tf.math.log(probs[action]) * reward
slopes = tape.gradient(loss, policy.trainable_variables)
# %% the most probable one
# fix: none/left-tensorflow
# becomes: probs = policy(states)
# becomes: best = np.argmax(probs.numpy(), axis=1)
with tf.GradientTape() as tape:
    probs = policy(states).numpy()
    best = np.argmax(probs, axis=1)
    loss = -tf.reduce_mean(tf.reduce_sum(tf.one_hot(best, 2) * probs, axis=1) * rewards)
slopes = tape.gradient(loss, policy.trainable_variables)
# %% numbers that NumPy computes on with
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    probs = policy(states).numpy()
    best = np.random.choice(2, p=probs[0] / probs[0].sum())
    table = np.linalg.matrix_power(probs.T @ probs, 2)
    loss = tf.reduce_mean(tf.constant(table) * float(best))
slopes = tape.gradient(loss, policy.trainable_variables)
# %% in a function of an earlier cell
# fix: none/left-tensorflow
# becomes: odds = policy(state[None])[0]
# becomes: action = np.random.choice(len(odds), p=odds.numpy() / odds.numpy().sum())
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean([played(state) for state in states])
slopes = tape.gradient(loss, policy.trainable_variables)
