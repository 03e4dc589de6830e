import tensorflow as tf
w = tf.Variable([[0.3], [0.4]], name="w")
v = tf.Variable([[0.3, 0.1], [0.4, 0.2]], name="v")
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
# %% one unit
with tf.GradientTape() as tape:
    p = tf.nn.softmax(x @ w)  # expect: zero/single-unit-softmax
    loss = tf.reduce_mean((p - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% near: two units
with tf.GradientTape() as tape:
    p = tf.nn.softmax(x @ v)
    loss = tf.reduce_mean((p - 0.7) ** 2)
grad = tape.gradient(loss, v)
