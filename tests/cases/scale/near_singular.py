import tensorflow as tf
v = tf.Variable([1e-9, 0.0, 0.0], name="v")
u = tf.Variable([1.0, 0.0, 2.0], name="u")
# %% a vector of nearly no length
with tf.GradientTape() as tape:
    unit = v / (tf.norm(v) + 1e-12)  # expect: scale/near-singular
    loss = tf.reduce_sum(unit * tf.constant([1.0, 2.0, 3.0]))
grad = tape.gradient(loss, v)  # status: exploding
# %% near: a vector of some length
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(u / (tf.norm(u) + 1e-12) * tf.constant([1.0, 2.0, 3.0]))
grad = tape.gradient(loss, u)  # status: ok
