import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% before
h = w * w  # expect: none/outside-tape
with tf.GradientTape() as tape:
    loss = 3.0 * h
grad = tape.gradient(loss, w)
# %% after
with tf.GradientTape() as tape:
    h = w * w
loss = 3.0 * h  # expect: none/outside-tape
grad = tape.gradient(loss, w)
# %% near: a constant made before
c = tf.constant(3.0) * 2.0
with tf.GradientTape() as tape:
    loss = c * w
grad = tape.gradient(loss, w)
# %% near: read before as well
print(float(w * 2.0))
with tf.GradientTape() as tape:
    loss = w * w
grad = tape.gradient(loss, w)
