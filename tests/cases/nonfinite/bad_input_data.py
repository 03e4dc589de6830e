import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
bad = tf.constant([1.0, float("inf")])
# %% infinity
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(bad * w)  # expect: nonfinite/bad-input-data
grad = tape.gradient(loss, w)
# %% near: an infinity that is masked before it is used
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(tf.math.is_finite(bad), bad, 0.0) * w)
grad = tape.gradient(loss, w)
