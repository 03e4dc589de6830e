import tensorflow as tf
w = tf.Variable(2.0, name="w")
# %% a float
# raises: AttributeError
with tf.GradientTape() as tape:
    loss = float(w * w)
grad = tape.gradient(loss, w)  # expect: error/target-not-recorded
# %% near: the tensor
with tf.GradientTape() as tape:
    loss = w * w
    shown = float(loss)
grad = tape.gradient(loss, w)
