import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
# %% values that cannot be read on the way back
@tf.function
def step():
    loss = tf.reduce_sum(w * 1e9)
    return tf.gradients(loss, [w])  # expect: scale/unexplained
step()
# %% near: of ordinary size
@tf.function
def step():
    loss = tf.reduce_sum(w * 2.0)
    return tf.gradients(loss, [w])
step()
