import tensorflow as tf
c = tf.constant(3.0)
w = tf.Variable(2.0, name="w")
frozen = tf.Variable(2.0, trainable=False, name="frozen")
# %% constant
with tf.GradientTape() as tape:  # expect: none/not-watched
    y = c * c
g = tape.gradient(y, c)
# %% frozen
with tf.GradientTape() as tape:  # also: none/not-watched
    y = frozen * frozen
g = tape.gradient(y, frozen)  # expect: none/not-watched
# %% switched off
with tf.GradientTape(watch_accessed_variables=False) as tape:  # expect: none/not-watched
    y = w * w
g = tape.gradient(y, w)
# %% near: watched
with tf.GradientTape() as tape:
    tape.watch([c, frozen])
    y = c * frozen
g = tape.gradient(y, [c, frozen])
# %% near: an intermediate value
with tf.GradientTape() as tape:
    h = w * 2.0
    y = h * h
g = tape.gradient(y, h)
