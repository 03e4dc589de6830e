import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
# %% a factor that gradients of a graph without a tape come through
@tf.function
def step():
    loss = tf.reduce_sum(w * 1e9)  # expect: scale/unscaled-loss-or-data
    return tf.gradients(loss, [w])  # status: exploding
step()
# %% near: of ordinary size
@tf.function
def step():
    loss = tf.reduce_sum(w * 2.0)
    return tf.gradients(loss, [w])
step()
