import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% zeros asked for
with tf.GradientTape() as tape:
    loss = w * tf.stop_gradient(b)  # expect: zero/hidden-none
grads = tape.gradient(loss, [w, b], unconnected_gradients=tf.UnconnectedGradients.ZERO)
# %% near: connected
with tf.GradientTape() as tape:
    loss = w * b
grads = tape.gradient(loss, [w, b], unconnected_gradients="zero")
