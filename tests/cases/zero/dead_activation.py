import tensorflow as tf
w = tf.Variable([-1.0, -2.0], name="w")
x = tf.constant([1.0, 2.0])
# %% all off
with tf.GradientTape() as tape:
    h = tf.nn.relu(w * x)  # expect: zero/dead-activation
    loss = tf.reduce_sum((h - 1.0) ** 2)
grad = tape.gradient(loss, w)
# %% near: one is on
with tf.GradientTape() as tape:
    h = tf.nn.relu(w * x * [-1.0, 1.0])
    loss = tf.reduce_sum((h - 3.0) ** 2)
grad = tape.gradient(loss, w)
