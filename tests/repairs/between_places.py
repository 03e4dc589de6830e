# %% setup
import tensorflow as tf
pos = tf.Variable([1.3, 2.7], name="pos")
shift = tf.Variable(2.4, name="shift")
sig = tf.sin(tf.linspace(0.0, 6.0, 50))
table = tf.reshape(sig, [10, 5])
# %% an element of a list
# fix: none/non-float-dtype
# becomes: low = tf.floor(pos * 8)
# becomes: part = (pos * 8) - low
# becomes: val = (1.0 - part) * tf.gather(sig, tf.cast(low, tf.int32)) + part * tf.gather(sig, tf.minimum(tf.cast(low, tf.int32) + 1, tf.size(sig) - 1))
with tf.GradientTape() as tape:
    val = tf.gather(sig, tf.cast(pos * 8, tf.int32))
    loss = -tf.reduce_sum(val)
g = tape.gradient(loss, pos)
# %% a roll by a rounded number, by a name
# fix: none/non-float-dtype
# gone: by = tf.cast(tf.round(shift), tf.int32)
# becomes: low = tf.floor(shift)
# becomes: moved = (1.0 - part) * tf.roll(sig, tf.cast(low, tf.int32), axis=0) + part * tf.roll(sig, tf.cast(low, tf.int32) + 1, axis=0)
with tf.GradientTape() as tape:
    by = tf.cast(tf.round(shift), tf.int32)
    moved = tf.roll(sig, by, axis=0)
    loss = tf.reduce_sum((moved - tf.roll(sig, 5, axis=0)) ** 2)
g = tape.gradient(loss, shift)
# %% a number of Python's
# fix: none/left-tensorflow
# becomes: moved = (1.0 - part) * tf.roll(sig, shift=tf.cast(low, tf.int32), axis=0) + part * tf.roll(sig, shift=tf.cast(low, tf.int32) + 1, axis=0)
with tf.GradientTape() as tape:
    moved = tf.roll(sig, shift=int(shift), axis=0)
    loss = tf.reduce_sum((moved - tf.roll(sig, 5, axis=0)) ** 2)
g = tape.gradient(loss, shift)
# %% rows of a table
# none: none/non-float-dtype
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.gather(table, tf.cast(pos, tf.int32)))
g = tape.gradient(loss, pos)
