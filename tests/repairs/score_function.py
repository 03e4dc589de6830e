# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(5)
pi = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(3)])
s = tf.random.normal((32, 4))
gains = tf.constant([1.0, 2.0, 3.0])
def env(actions):
    return np.array([1.0, 2.0, 3.0], "float32")[actions]
# %% a reward that is looked up
# fix: none/non-differentiable-op
# becomes: logits = pi(s)
# becomes: a = tf.random.categorical(logits, 1)[:, 0]
# becomes: log_prob = -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=a, logits=logits)
# becomes: loss = -tf.reduce_mean(log_prob * reward)
with tf.GradientTape() as tape:
    a = tf.random.categorical(pi(s), 1)[:, 0]
    reward = tf.gather(gains, a)
    loss = -tf.reduce_mean(reward)
g = tape.gradient(loss, pi.trainable_variables)
# %% a reward of an environment in NumPy
# fix: none/left-tensorflow
# becomes: log_prob = -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=act, logits=scores)
# becomes: loss = -tf.reduce_sum(log_prob * (reward - reward.mean()))
with tf.GradientTape() as tape:
    scores = pi(s)
    act = tf.squeeze(tf.random.categorical(scores, num_samples=1), axis=1)
    reward = env(act.numpy())
    loss = -tf.reduce_sum(reward - reward.mean())
g = tape.gradient(loss, pi.trainable_variables)
# %% several draws for each row
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    many = tf.random.categorical(pi(s), 5)
    loss = -tf.reduce_mean(tf.gather(gains, many))
g = tape.gradient(loss, pi.trainable_variables)
