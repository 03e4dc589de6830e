import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% overwritten
with tf.GradientTape() as tape:
    h = w * 3.0
    m = h * b  # expect: none/discarded-result
    loss = h * h
grads = tape.gradient(loss, [w, b])
# %% near: used
with tf.GradientTape() as tape:
    h = w * 3.0
    m = h * b
    loss = h * m
grads = tape.gradient(loss, [w, b])
