# %% setup
import tensorflow as tf
spot = tf.Variable([2.3, 4.6], name="spot")
gain = tf.Variable(1.7, name="gain")
board = tf.reshape(tf.range(64.0), [8, 8])
def cut(field, row):
    return field[row : row + 2]
def lit(field, at, strength):
    window = cut(field, at)
    return strength * tf.reduce_sum(window)
def stamp(corner):
    top, left = int(corner[0]), int(corner[1])
    return tf.reduce_mean(board[top : top + 3, left : left + 3])
# %% two numbers of a line that weigh
# fix: none/left-tensorflow
# becomes: high, wide = spot[0], spot[1]
with tf.GradientTape() as tape:
    high, wide = int(spot[0]), int(spot[1])
    area = tf.square(high * board[0, 1] - 3.0) + wide * 0.5
slope = tape.gradient(area, spot)
# %% a number that weighs, beside one that is read at its place
# fix: none/left-tensorflow
# becomes: weight = gain * 2.0
with tf.GradientTape() as tape:
    weight = int(gain) * 2.0
    total = tf.reduce_sum(board[2] * weight)
slope = tape.gradient(total, gain)
# %% handed to a function that weighs with it
# fix: none/left-tensorflow
# becomes: total = lit(board, 3, gain)
with tf.GradientTape() as tape:
    total = lit(board, 3, int(gain))
slope = tape.gradient(total, gain)
# %% a number that weighs, and another that says where
# fix: none/left-tensorflow
# becomes: amount, row = gain, int(spot[0])
with tf.GradientTape() as tape:
    amount, row = float(gain), int(spot[0])
    total = amount * tf.reduce_sum(board[row])
slope = tape.gradient(total, gain)
# %% near: the corners of a square that is cut out
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    brightness = stamp(spot)
slope = tape.gradient(brightness, spot)
# %% near: a number of turns
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    turns = int(gain * 3.0)
    total = tf.constant(0.0)
    for k in range(turns):
        total += board[k, k]
slope = tape.gradient(total, gain)
# %% near: a length, by a name
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    length = int(gain) + 2
    half = length // 2
    total = tf.reduce_sum(tf.ones([half, 3]) * board[:half, :3])
slope = tape.gradient(total, gain)
# %% near: a row that another function takes
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    total = lit(board, int(spot[0]), 2.0)
slope = tape.gradient(total, spot)
