# %% setup
import tensorflow as tf
position = tf.Variable(1.5)
times = tf.constant([0.5, 1.0])
def bend(t):
    with tf.GradientTape() as tape:
        tape.watch(t)
        y = tf.reduce_sum(t * tf.sin(t))
    slope = tape.gradient(y, t)
    return tape.gradient(slope, t)
# %% of a variable
# fix: error/tape-used-twice
# becomes: with tf.GradientTape() as outer:
# becomes: curvature = outer.gradient(slope, position)
with tf.GradientTape() as tape:
    height = position ** 4
slope = tape.gradient(height, position)
curvature = tape.gradient(slope, position)
# %% in a function, of what the tape is told to watch
# fix: error/tape-used-twice
# becomes: outer.watch(t)
# becomes: return outer.gradient(slope, t)
curvature = bend(times)
# %% near: a gradient of the same target, asked twice
# fix: error/tape-used-twice
# becomes: with tf.GradientTape(persistent=True) as tape:
with tf.GradientTape() as tape:
    height = position ** 4
slope = tape.gradient(height, position)
again = tape.gradient(height, position)
