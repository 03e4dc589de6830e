# %% setup
import tensorflow as tf
gain = tf.Variable(1.02)
start = tf.constant([0.1, 0.2])
# %% a state that is carried through many turns
# fix: scale/exploding-through-depth
# becomes: for turn in range(120):
# becomes: s = tf.stop_gradient(s) if turn % 20 == 0 else s
with tf.GradientTape() as tape:
    s = start
    for _ in range(120):
        s = s + 0.15 * gain * s
        s = tf.math.floormod(s, 6.0)
    loss = tf.reduce_mean(tf.square(s - 1.0))
grads = tape.gradient(loss, [gain])
# %% two states, in a function
# fix: scale/exploding-through-depth
# becomes: q = tf.stop_gradient(q) if t % 10 == 0 else q
# becomes: v = tf.stop_gradient(v) if t % 10 == 0 else v
def roll(turns):
    q, v = start, tf.zeros(2)
    for t in range(turns):
        q, v = tf.math.floormod(q + 0.1 * v, 6.0), tf.math.floormod(v + 0.5 * gain * q, 6.0)
    return q
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(roll(120))
grads = tape.gradient(loss, [gain])
# %% layers with matrices of their own
# none: scale/exploding-through-depth
ws = [tf.Variable(tf.eye(2) * 3.0) for _ in range(14)]
with tf.GradientTape() as tape:
    h = start[None]
    for i in range(14):
        h = tf.math.floormod(h + h @ ws[i], 5.0)
    loss = tf.reduce_sum(h)
grads = tape.gradient(loss, ws)
