import tensorflow as tf
w = tf.Variable(2.0, name="w")
optimizer = tf.keras.optimizers.SGD(0.1)
# %% only None
# raises: ValueError
with tf.GradientTape() as tape:
    loss = tf.round(w)  # expect: none/non-differentiable-op
optimizer.apply_gradients([(tape.gradient(loss, w), w)])  # expect: error/no-gradients-provided
# %% near: one gradient
with tf.GradientTape() as tape:
    loss = w * w
optimizer.apply_gradients([(tape.gradient(loss, w), w)])
