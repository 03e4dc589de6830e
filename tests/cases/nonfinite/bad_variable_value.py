import tensorflow as tf
w = tf.Variable([1.0, float("nan")], name="w")
v = tf.Variable([1.0, 2.0], name="v")
# %% NaN inside
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * w)  # expect: nonfinite/bad-variable-value
grad = tape.gradient(loss, w)
# %% near: finite
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(v * v)
grad = tape.gradient(loss, v)
