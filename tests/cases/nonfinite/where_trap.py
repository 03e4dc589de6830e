import tensorflow as tf
r = tf.Variable([2.0, 0.0, 4.0], name="r")
# %% log
with tf.GradientTape() as tape:
    s = tf.where(r > 0, tf.math.log(r), 0.0)  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(s)
grad = tape.gradient(loss, r)
# %% division
with tf.GradientTape() as tape:
    d = 1.0 / r  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(tf.where(r > 0, d, 0.0))
grad = tape.gradient(loss, r)
# %% everything is masked out
with tf.GradientTape() as tape:
    s = tf.where(r > 9, tf.math.log(tf.nn.relu(r - 9.0)), 0.0)  # expect: nonfinite/where-trap
    loss = tf.reduce_sum(s)
grad = tape.gradient(loss, r)  # status: nan
# %% near: a harmless input
with tf.GradientTape() as tape:
    s = tf.where(r > 0, tf.math.log(tf.where(r > 0, r, 1.0)), 0.0)
    loss = tf.reduce_sum(s)
grad = tape.gradient(loss, r)
# %% near: sqrt under where is finite in this TensorFlow
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(r > 0, tf.sqrt(r), 0.0))
grad = tape.gradient(loss, r)
