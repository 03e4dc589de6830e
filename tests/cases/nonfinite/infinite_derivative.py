import tensorflow as tf
x = tf.Variable([0.0, 4.0], name="x")
# %% sqrt
with tf.GradientTape() as tape:
    h = tf.sqrt(x)  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum(h)
grad = tape.gradient(loss, x)
# %% power
with tf.GradientTape() as tape:
    h = x ** 0.5  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum(h)
grad = tape.gradient(loss, x)
# %% near: a constant under the root
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sqrt(x + 1e-6))
grad = tape.gradient(loss, x)
# %% a weight of the loss is no mask
unit = tf.Variable([1.0, 0.5], name="unit")
with tf.GradientTape() as tape:
    angle = tf.acos(unit)  # expect: nonfinite/infinite-derivative
    loss = 0.1 * tf.reduce_sum(1.0 - tf.cos(angle))
grad = tape.gradient(loss, unit)
# %% a mask that keeps the bad element
unit = tf.Variable([1.0, 0.5], name="unit")
kept = tf.constant([1.0, 0.0])
with tf.GradientTape() as tape:
    angle = tf.acos(unit)  # expect: nonfinite/infinite-derivative
    loss = tf.reduce_sum((1.0 - tf.cos(angle)) * kept)
grad = tape.gradient(loss, unit)
