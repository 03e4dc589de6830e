# %% setup
import numpy as np
import tensorflow as tf
picture = np.linspace(0.0, 1.0, 12).reshape(3, 4)
counts = np.arange(3)
def steepness(place, function):
    with tf.GradientTape() as tape:
        tape.watch(place)  # not a variable
        value = function(place)
    return tape.gradient(value, place)
# %% an array of the cell
# fix: error/source-not-tensor
# becomes: picture = tf.convert_to_tensor(picture)
with tf.GradientTape() as tape:
    tape.watch(picture)
    score = tf.reduce_sum(tf.sin(picture))
slope = tape.gradient(score, picture)
# %% an argument of a function
# fix: error/source-not-tensor
# becomes: place = tf.convert_to_tensor(place)
slope = steepness(0.3, tf.exp)
# %% whole numbers
# fix: error/source-not-tensor
# becomes: counts = tf.convert_to_tensor(counts, dtype=tf.float32)
with tf.GradientTape() as tape:
    tape.watch(counts)
    score = tf.reduce_sum(tf.cast(counts, tf.float32) ** 2)
slope = tape.gradient(score, counts)
# %% what is no name
# none: error/source-not-tensor
with tf.GradientTape() as tape:
    tape.watch(picture[:1])
    score = tf.reduce_sum(picture[:1])
slope = tape.gradient(score, picture[:1])
