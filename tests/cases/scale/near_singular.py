import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
v = tf.Variable([1e-7, 0.0, 0.0], name="v")
# %% a vector of length next to 0
with tf.GradientTape() as tape:
    length = tf.sqrt(tf.reduce_sum(v * v) + 1e-12)
    loss = tf.reduce_sum(v / length)  # expect: scale/near-singular
grad = tape.gradient(loss, v)
# %% the normalisation of TensorFlow itself
zero = tf.Variable([0.0, 0.0, 0.0], name="zero")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.l2_normalize(zero))  # expect: scale/near-singular
grad = tape.gradient(loss, zero)
# %% near: an ordinary vector
one = tf.Variable([1.0, 2.0, 0.0], name="one")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.math.l2_normalize(one) * tf.constant([1.0, 0.0, 2.0]))
grad = tape.gradient(loss, one)
