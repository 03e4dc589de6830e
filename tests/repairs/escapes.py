# %% setup
import math
import numpy as np
import tensorflow as tf
joints = tf.Variable([0.3, 0.4, -0.2], name="joints")
weights = tf.Variable(tf.random.normal((6,), seed=2), name="weights")
goal = tf.constant([0.9, 1.2])
steps = [0.1, 0.2, 0.3]
def hand():
    x, y, heading = 0.0, 0.0, 0.0
    for length, joint in zip([1.0, 0.7, 0.4], tf.unstack(joints)):
        heading = heading + joint
        x += length * math.cos(heading)  # across
        y += length * math.sin(heading)
    return tf.stack([x, y])
def penalty(values):
    low = np.min(steps)
    spread = np.std(steps) + low
    size = np.sum(np.abs(values))
    smooth = np.mean(np.square(values))
    return size + spread * smooth
def bands(values):
    total = 0.0
    for k in range(3):
        angle = math.pi * k / 3.0
        total = total + math.cos(angle) * math.exp(values[k]) + math.sin(angle) * math.tanh(values[k])
    return tf.convert_to_tensor(total)
def counted(values):
    top = np.max(values)
    return top * np.count_nonzero(values)
# %% two functions of one angle
# fix: none/left-tensorflow
# becomes: x += length * tf.cos(heading)  # across
# becomes: y += length * tf.sin(heading)
with tf.GradientTape() as tape:
    distance = tf.reduce_sum(tf.square(hand() - goal))
gradient = tape.gradient(distance, joints)
# %% beside what NumPy does with plain numbers
# fix: none/left-tensorflow
# becomes: size = tf.reduce_sum(tf.abs(values))
# becomes: smooth = tf.reduce_mean(tf.square(values))
# becomes: spread = np.std(steps) + low
with tf.GradientTape() as tape:
    loss = tf.convert_to_tensor(penalty(weights))
gradient = tape.gradient(loss, weights)
# %% beside what math does with plain numbers
# fix: none/left-tensorflow
# becomes: total = total + math.cos(angle) * tf.exp(values[k]) + math.sin(angle) * tf.tanh(values[k])
with tf.GradientTape() as tape:
    loss = bands(weights)
gradient = tape.gradient(loss, weights)
# %% near: one of them has no counterpart
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    loss = tf.convert_to_tensor(counted(weights))
gradient = tape.gradient(loss, weights)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
actor = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
critic = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
states = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
size = tf.Variable(2.0, name="size")
# %% arrays put together for `predict`
# fix: none/left-tensorflow
# becomes: value = critic(tf.concat([states, action], axis=1))
with tf.GradientTape() as tape:
    action = actor(states)
    value = critic.predict_on_batch(np.concatenate([states, action], axis=1))
    loss = -tf.reduce_mean(value)
grads = tape.gradient(loss, actor.trainable_variables)
# %% a constant of a variable, repeated
# fix: none/left-tensorflow
# becomes: sizes = tf.broadcast_to(size, [3])
with tf.GradientTape() as tape:
    sizes = tf.constant(size, shape=[3])
    loss = tf.reduce_sum(sizes ** 2)
grad = tape.gradient(loss, size)
# %% noise around a mean and a spread that NumPy computes
# fix: none/left-tensorflow
# becomes: z = mean + tf.exp(0.5 * spread) * tf.random.normal(tf.shape(mean))
mean, spread = tf.Variable([0.1, 0.2]), tf.Variable([0.3, 0.1])
with tf.GradientTape() as tape:
    z = tf.constant(np.random.normal(mean, np.exp(0.5 * spread)), tf.float32)
    loss = tf.reduce_sum(tf.square(z - 1.0))
grads = tape.gradient(loss, [mean, spread])
# %% what a model predicts in front of the loop
# fix: none/left-tensorflow
# becomes: seen = body(np.ones((4, 3), "float32"))
body, top = keras.Sequential([keras.layers.Dense(2)]), keras.Sequential([keras.layers.Dense(1)])
seen = body.predict(np.ones((4, 3), "float32"), verbose=0)
top(seen)
for turn in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((top(seen) - 1.0) ** 2)
    grads = tape.gradient(loss, body.trainable_variables + top.trainable_variables)
