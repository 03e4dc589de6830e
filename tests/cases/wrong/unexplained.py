import tensorflow as tf
x = tf.Variable([0.3, 1.7], name="x")
# %% --numeric: fake quantisation hands the gradient on as if it did not round
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.quantization.fake_quant_with_min_max_args(x, -2.0, 2.0, num_bits=4) * 3.0)
grad = tape.gradient(loss, x)  # expect: wrong/unexplained
# %% --numeric, near: the same without it
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.clip_by_value(x, -2.0, 2.0) * 3.0)
grad = tape.gradient(loss, x)
