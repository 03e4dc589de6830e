import tensorflow as tf
x = tf.Variable(2.0, name="x")
s = tf.Variable(3.0, name="s")

@tf.custom_gradient
def half(x, s):
    return x * s, lambda dy: (dy * s, None)  # expect: none/custom-gradient-none

@tf.custom_gradient
def both(x, s):
    return x * s, lambda dy: (dy * s, dy * x)
# %% one input
with tf.GradientTape() as tape:
    loss = half(x, s)
grads = tape.gradient(loss, [x, s])
# %% near: both inputs
with tf.GradientTape() as tape:
    loss = both(x, s)
grads = tape.gradient(loss, [x, s])
# %% near: a constant gets none
with tf.GradientTape() as tape:
    loss = half(x, tf.constant(3.0))
grad = tape.gradient(loss, x)
