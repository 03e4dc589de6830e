import tensorflow as tf
w = tf.Variable([-2.0, 3.0], name="w")
# %% log of a negative number
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(w))  # expect: nonfinite/loss-only
grad = tape.gradient(loss, w)  # status: ok
# %% near: of its size
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.log(tf.abs(w)))
grad = tape.gradient(loss, w)  # status: ok
