import tensorflow as tf
w = tf.Variable([0.2, 0.9], name="w")
# %% argmax
with tf.GradientTape() as tape:
    k = tf.argmax(w)  # expect: none/non-differentiable-op
    loss = tf.cast(k, tf.float32)
grad = tape.gradient(loss, w)
# %% sorting for positions
with tf.GradientTape() as tape:
    order = tf.argsort(w)  # expect: none/non-differentiable-op
    loss = tf.reduce_sum(tf.cast(order, tf.float32))
grad = tape.gradient(loss, w)
# %% floor
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.floor(w) * 2.0)  # expect: none/non-differentiable-op
grad = tape.gradient(loss, w)
# %% near: an index that only selects
with tf.GradientTape() as tape:
    loss = w[tf.argmax(w)] * 2.0
grad = tape.gradient(loss, w)
# %% near: a mask that only selects
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(w > 0.5, w, 2.0 * w))
grad = tape.gradient(loss, w)
# %% near: sorted values
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sort(w) * [1.0, 2.0])
grad = tape.gradient(loss, w)
