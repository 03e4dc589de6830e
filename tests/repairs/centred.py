# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(4)
rng = np.random.default_rng(2)
policy = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
states, actions = rng.normal(size=(12, 3)).astype("float32"), rng.integers(0, 4, 12)
rewards = rng.uniform(size=12).astype("float32")
def chosen():
    return tf.gather(tf.nn.log_softmax(policy(states)), actions, batch_dims=1)
# %% one sum for all steps
# fix: zero/masked-out
# becomes: weights = returns
returns = np.full_like(rewards, rewards.sum())
weights = returns - returns.mean()
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(chosen() * weights)
grads = tape.gradient(loss, policy.trainable_variables)
# %% divided by the spread, with a name for the mean
# fix: zero/masked-out
# becomes: weights = returns
returns = np.ones(12, "float32") * 3.0
mean = returns.mean()
weights = (returns - mean) / (returns.std() + 1e-8)
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(chosen() * weights)
grads = tape.gradient(loss, policy.trainable_variables)
# %% where it is multiplied
# fix: zero/masked-out
# becomes: loss = -tf.reduce_sum(chosen() * returns)
returns = tf.fill((12,), 2.5)
with tf.GradientTape() as tape:
    loss = -tf.reduce_sum(chosen() * (returns - tf.reduce_mean(returns)))
grads = tape.gradient(loss, policy.trainable_variables)
# %% near: numbers that happen to be equal
# none: zero/masked-out
returns = np.round(rewards * 0.0 + 1.0)
weights = returns - returns.mean()
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(chosen() * weights)
grads = tape.gradient(loss, policy.trainable_variables)
# %% near: another mean
# none: zero/masked-out
returns = np.full_like(rewards, 1.0)
weights = returns - (rewards * 0.0 + 1.0).mean()
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(chosen() * weights)
grads = tape.gradient(loss, policy.trainable_variables)
# %% a single number, in a function
# fix: zero/masked-out
# becomes: r = (r - r.mean()) / (r.std() + 1e-8) if tf.size(r) > 1 else r
def standardised(numbers):
    r = np.array(numbers, "float32")
    r = (r - r.mean()) / (r.std() + 1e-8)
    return r
with tf.GradientTape() as tape:
    loss = -tf.reduce_sum(tf.nn.log_softmax(policy(states[:1]))[:, 1] * standardised([1.5]))
grads = tape.gradient(loss, policy.trainable_variables)
# %% a single number, by TensorFlow
# fix: zero/stationary-point
# becomes: returns = (returns - tf.reduce_mean(returns)) / (tf.math.reduce_std(returns) + 1e-7) if tf.size(returns) > 1 else returns
returns = tf.constant([2.0])
with tf.GradientTape() as tape:
    returns = (returns - tf.reduce_mean(returns)) / (tf.math.reduce_std(returns) + 1e-7)
    loss = -tf.reduce_sum(tf.nn.log_softmax(policy(states[:1]))[:, 1] * returns)
grads = tape.gradient(loss, policy.trainable_variables)
# %% near: several numbers, all equal
# none: zero/masked-out
returns = tf.ones(4)
with tf.GradientTape() as tape:
    loss = -tf.reduce_sum(tf.nn.log_softmax(policy(states[:4]))[:, 1] * (returns - tf.reduce_mean(returns)))
grads = tape.gradient(loss, policy.trainable_variables)
