import tensorflow as tf
x = tf.Variable(1.0, name="x")
y = tf.Variable(0.01, name="y")
# %% exp
with tf.GradientTape() as tape:
    loss = tf.exp(-1000.0 * x)  # expect: zero/underflow
grad = tape.gradient(loss, x)
# %% near: small and alive
with tf.GradientTape() as tape:
    loss = tf.exp(-1000.0 * y)
grad = tape.gradient(loss, y)
