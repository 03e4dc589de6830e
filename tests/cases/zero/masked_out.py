import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
nothing = tf.zeros((2,))
half = tf.constant([0.0, 1.0])
# %% mask
with tf.GradientTape() as tape:
    kept = nothing * w  # expect: zero/masked-out
    loss = tf.reduce_sum(kept) + 1.0
grad = tape.gradient(loss, w)
# %% near: half a mask
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(half * w)
grad = tape.gradient(loss, w)
