import tensorflow as tf
p = tf.Variable([0.0, 0.5], name="p")
# %% log of zero
with tf.GradientTape() as tape:
    h = tf.math.log(p)  # expect: nonfinite/invalid-forward-value
    loss = -tf.reduce_sum(h)
grad = tape.gradient(loss, p)
# %% zero by zero
with tf.GradientTape() as tape:
    q = p / (p * 1.0)  # expect: nonfinite/invalid-forward-value
    loss = tf.reduce_sum(q)
grad = tape.gradient(loss, p)
# %% near: divide no nan
with tf.GradientTape() as tape:
    q = tf.math.divide_no_nan(p, p * 2.0)
    loss = tf.reduce_sum(q * p)
grad = tape.gradient(loss, p)
