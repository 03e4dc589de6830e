import tensorflow as tf
w = tf.Variable([1.0, 100.0], name="w")
# %% exp
with tf.GradientTape() as tape:
    e = tf.exp(w)  # expect: nonfinite/overflow
    loss = e[1] / tf.reduce_sum(e)
grad = tape.gradient(loss, w)  # status: nan
# %% near: logsumexp
with tf.GradientTape() as tape:
    loss = tf.reduce_logsumexp(w)
grad = tape.gradient(loss, w)  # status: ok
