import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
# %% zero output gradients
with tf.GradientTape() as tape:
    y = w * 2.0
grad = tape.gradient(y, w, output_gradients=tf.zeros((2,)))  # expect: zero/unexplained
# %% near: explained by nothing to explain
with tf.GradientTape() as tape:
    y = w * 2.0
grad = tape.gradient(y, w, output_gradients=tf.ones((2,)))
