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
# %% setup
import tensorflow as tf
heat = tf.Variable(1.5)
@tf.custom_gradient
def sharpened(values):
    made = values / heat
    def grad(upstream):
        return upstream / heat
    return made, grad
@tf.custom_gradient
def complete(values):
    made = values / heat
    def grad(upstream, variables=None):
        return upstream / heat, [tf.reduce_sum(-upstream * values / heat**2)]
    return made, grad
v = tf.Variable([1.0, 2.0])
# %% a variable that the gradient function does not take
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(sharpened(v))  # expect: error/gradient-shape-mismatch
grads = tape.gradient(loss, [v, heat])  # raises: TypeError
# %% near a gradient function that takes the variable
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(complete(v))
grads = tape.gradient(loss, [v, heat])  # status: ok ok
