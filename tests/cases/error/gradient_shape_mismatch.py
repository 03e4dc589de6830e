import tensorflow as tf
x = tf.Variable(2.0, name="x")
y = tf.Variable(3.0, name="y")

@tf.custom_gradient
def short(x, y):
    return x * y, lambda dy: dy * y  # expect: error/gradient-shape-mismatch

@tf.custom_gradient
def full(x, y):
    return x * y, lambda dy: (dy * y, dy * x)
# %% too few
# raises: ValueError
with tf.GradientTape() as tape:
    loss = short(x, y)
grads = tape.gradient(loss, [x, y])
# %% near: one for each
with tf.GradientTape() as tape:
    loss = full(x, y)
grads = tape.gradient(loss, [x, y])
