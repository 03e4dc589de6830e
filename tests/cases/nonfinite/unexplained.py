import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
# %% near: finite
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w)
grad = tape.gradient(loss, w)
