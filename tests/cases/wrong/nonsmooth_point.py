import tensorflow as tf
w = tf.Variable([0.0, 1.0], name="w")
v = tf.Variable([0.5, 2.0], name="v")
# %% --numeric: a ReLU at 0
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.relu(w))
grad = tape.gradient(loss, w)  # note: wrong/nonsmooth-point
# %% --numeric: a threshold that is met exactly
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(v * tf.cast(v >= 0.5, tf.float32))
grad = tape.gradient(loss, v)  # note: wrong/nonsmooth-point
# %% --numeric, near: away from the kink
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.relu(v - 0.25))
grad = tape.gradient(loss, v)
# %% --numeric, near: a kink of both sides alike
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.relu(w) ** 2)
grad = tape.gradient(loss, w)
