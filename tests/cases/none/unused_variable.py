import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% not read
with tf.GradientTape() as tape:
    loss = w * w
grads = tape.gradient(loss, [w, b])  # expect: none/unused-variable
# %% near: read with factor one
with tf.GradientTape() as tape:
    loss = w * w + b
grads = tape.gradient(loss, [w, b])
# %% the number of the variable stands in the code
two = tf.Variable(2.0, name="two")
with tf.GradientTape() as tape:
    loss = tf.nn.relu(b) * 2.0 + tf.nn.relu(2.0)
grads = tape.gradient(loss, [b, two])  # expect: none/unused-variable
