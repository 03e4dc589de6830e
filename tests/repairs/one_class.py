# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
scans = tf.random.normal((2, 8, 8, 1))
organ = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, activation="tanh"), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")])
def heat(model, pictures):
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        odds = tf.nn.softmax(model.layers[-1].kernel[:8, 0] * pictures[:, 0, :, 0])
        total = keras.ops.sum(odds, -1)
    return tape.gradient(total, pictures)
# %% the sum over everything
# fix: zero/stationary-point
# becomes: score = tf.reduce_sum(tf.reduce_max(organ(scans), axis=-1))  # one number
with tf.GradientTape() as tape:
    tape.watch(scans)
    score = tf.reduce_sum(organ(scans))  # one number
saliency = tape.gradient(score, scans)
# %% row by row, in a function of the setup
# fix: zero/stationary-point
# becomes: total = keras.ops.max(odds, -1)
heat(organ, scans)
# %% the probabilities as the target
# fix: zero/stationary-point
# becomes: score = tf.reduce_max(shares, axis=-1)
# becomes: saliency = tape.gradient(score, scans)
with tf.GradientTape() as tape:
    tape.watch(scans)
    shares = organ(scans, training=False)
saliency = tape.gradient(shares, scans)
# %% a mean of them
# fix: zero/stationary-point
# becomes: mean = tf.math.reduce_mean(tf.reduce_max(organ(scans), axis=-1))
with tf.GradientTape() as tape:
    tape.watch(scans)
    mean = tf.math.reduce_mean(organ(scans))
saliency = tape.gradient(mean, scans)
# %% weights that are to be trained with it
# none: zero/stationary-point
weights = tf.Variable(tf.random.normal((4, 3)), name="weights")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.softmax(tf.ones((2, 4)) @ weights))
tape.gradient(loss, [weights])
# %% an axis that is no class
# none: zero/stationary-point
with tf.GradientTape() as tape:
    tape.watch(scans)
    share = tf.nn.softmax(scans, axis=1)
    total = tf.reduce_sum(share, axis=1)
saliency = tape.gradient(total, scans)
