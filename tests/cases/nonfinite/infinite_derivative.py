import tensorflow as tf
x = tf.Variable([0.0, 4.0], name="x")
# %% sqrt
with tf.GradientTape() as tape:
    h = tf.sqrt(x)  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum(h)
grad = tape.gradient(loss, x)
# %% power
with tf.GradientTape() as tape:
    h = x ** 0.5  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum(h)
grad = tape.gradient(loss, x)
# %% near: a constant under the root
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sqrt(x + 1e-6))
grad = tape.gradient(loss, x)
