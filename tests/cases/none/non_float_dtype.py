import tensorflow as tf
w = tf.Variable([1.5, 2.5], name="w")
# %% cast to int
with tf.GradientTape() as tape:
    k = tf.cast(w, tf.int32)  # expect: none/non-float-dtype
    loss = tf.reduce_sum(tf.cast(k, tf.float32))
grad = tape.gradient(loss, w)
# %% cast to bool
with tf.GradientTape() as tape:
    on = tf.cast(w, tf.bool)  # expect: none/non-float-dtype
    loss = tf.reduce_sum(tf.cast(on, tf.float32))
grad = tape.gradient(loss, w)
# %% near: float to float
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.cast(tf.cast(w, tf.float64), tf.float32))
grad = tape.gradient(loss, w)
# %% near: complex
with tf.GradientTape() as tape:
    loss = tf.abs(tf.reduce_sum(tf.cast(w, tf.complex64)))
grad = tape.gradient(loss, w)
