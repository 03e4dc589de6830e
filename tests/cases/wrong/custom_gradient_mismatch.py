import tensorflow as tf
x = tf.Variable([1.0, 2.0], name="x")

@tf.custom_gradient
def right(x):
    return x ** 2, lambda dy: 2.0 * x * dy
# %% --numeric: a factor is missing
@tf.custom_gradient
def square(x):
    def grad(dy):
        return dy  # expect: wrong/custom-gradient-mismatch
    return x ** 2, grad
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(square(x))
grad = tape.gradient(loss, x)
# %% --numeric: half of it
@tf.custom_gradient
def cube(x):
    def grad(dy):
        return 1.5 * x ** 2 * dy  # expect: wrong/custom-gradient-mismatch
    return x ** 3, grad
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(cube(x))
grad = tape.gradient(loss, x)
# %% --numeric, near: right
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(right(x))
grad = tape.gradient(loss, x)
# %% --numeric, near: a straight-through estimator is a note
@tf.custom_gradient
def rounded(x):
    return tf.round(x), lambda dy: dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(rounded(x * 1.3))
grad = tape.gradient(loss, x)
# %% --numeric, near: a reversal is a note
@tf.custom_gradient
def reverse(x):
    return tf.identity(x), lambda dy: -dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(reverse(x * 1.3))
grad = tape.gradient(loss, x)
