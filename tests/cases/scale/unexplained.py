import tensorflow as tf
w = tf.Variable(2.0, name="w")
# %% near: explained
with tf.GradientTape() as tape:
    loss = w * w
grad = tape.gradient(loss, w)  # status: ok
