import tensorflow as tf
w = tf.Variable([0.5, -2.0], name="w")
# %% sign
with tf.GradientTape() as tape:
    s = tf.sign(w)  # expect: zero/zero-derivative-op
    loss = tf.reduce_sum(s * 3.0)
grad = tape.gradient(loss, w)
# %% near: sign beside the value
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sign(w) * w)
grad = tape.gradient(loss, w)
