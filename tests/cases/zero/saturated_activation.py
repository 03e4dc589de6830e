import tensorflow as tf
w = tf.Variable([80.0, 90.0], name="w")
v = tf.Variable([0.8, 90.0], name="v")
# %% sigmoid
with tf.GradientTape() as tape:
    p = tf.sigmoid(w)  # expect: zero/saturated-activation
    loss = tf.reduce_sum((p - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% tanh
with tf.GradientTape() as tape:
    p = tf.tanh(w)  # expect: zero/saturated-activation
    loss = tf.reduce_sum((p - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% near: one of two
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((tf.sigmoid(v) - 0.5) ** 2)
grad = tape.gradient(loss, v)
