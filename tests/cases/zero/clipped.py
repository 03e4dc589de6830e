import tensorflow as tf
w = tf.Variable([5.0, 7.0], name="w")
# %% beyond the bound
with tf.GradientTape() as tape:
    c = tf.clip_by_value(w, -1.0, 1.0)  # expect: zero/clipped
    loss = tf.reduce_sum(c ** 2)
grad = tape.gradient(loss, w)
# %% maximum
with tf.GradientTape() as tape:
    c = tf.minimum(w, 2.0)  # expect: zero/clipped
    loss = tf.reduce_sum(c ** 2)
grad = tape.gradient(loss, w)
# %% near: inside
with tf.GradientTape() as tape:
    c = tf.clip_by_value(w, -10.0, 6.0)
    loss = tf.reduce_sum(c ** 2)
grad = tape.gradient(loss, w)
