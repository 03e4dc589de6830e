import tensorflow as tf
w = tf.Variable(2.0, name="w")
# %% a constant
with tf.GradientTape() as tape:
    loss = tf.constant(4.0)
grad = tape.gradient(loss, w)  # expect: none/constant-target
# %% near: a constant plus the variable
with tf.GradientTape() as tape:
    loss = tf.constant(4.0) + w
grad = tape.gradient(loss, w)
