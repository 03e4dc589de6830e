import tensorflow as tf
w = tf.Variable(2.0, name="w")
# %% a factor
with tf.GradientTape() as tape:
    loss = 1e12 * (w * 3.0 - 1.0) ** 2  # expect: scale/unscaled-loss-or-data
grad = tape.gradient(loss, w)  # status: exploding
# %% near: a small factor
with tf.GradientTape() as tape:
    loss = 10.0 * (w * 3.0 - 1.0) ** 2
grad = tape.gradient(loss, w)  # status: ok
