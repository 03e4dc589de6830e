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
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(2)
net = keras.Sequential([keras.Input((4, 1)), keras.layers.Conv1D(2, 3, padding="same"), keras.layers.Flatten()])
clean, noisy = tf.ones((3, 8)), tf.random.stateless_normal((3, 4, 1), seed=[1, 2])
def distance(wanted, given):
    return tf.constant(np.mean((wanted.numpy() - given.numpy()) ** 2), tf.float32)  # expect: error/gradient-shape-mismatch
def in_tensorflow(wanted, given):
    return tf.reduce_mean((wanted - given) ** 2)
# %% a py_function whose function leaves TensorFlow, behind an op that needs the shape
# raises: InvalidArgumentError
with tf.GradientTape() as tape:
    loss = tf.py_function(distance, [clean, net(noisy)], tf.float32)
grads = tape.gradient(loss, net.trainable_variables)  # status: error error
# %% near: a py_function whose function stays in TensorFlow
with tf.GradientTape() as tape:
    loss = tf.py_function(in_tensorflow, [clean, net(noisy)], tf.float32)
grads = tape.gradient(loss, net.trainable_variables)  # status: ok ok
# %% setup
import tensorflow as tf
w, b = tf.Variable(tf.ones((3, 2))), tf.Variable(tf.zeros(2))
x = tf.random.normal((5, 3), seed=1)
@tf.custom_gradient
def sloped(v):
    def grad(upstream):
        return tf.reduce_sum(upstream * tf.where(v > 0.0, 2.0, 0.1))  # expect: error/gradient-shape-mismatch
    return tf.where(v > 0.0, 2.0 * v, 0.1 * v), grad
@tf.custom_gradient
def weighed(rate, v):
    def grad(upstream):
        return tf.reduce_sum(upstream * v), upstream * rate
    return rate * v, grad
rate = tf.Variable(0.5)
# %% a scalar for the elements of a layer
# raises: InvalidArgumentError
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(sloped(x @ w + b))
grads = tape.gradient(loss, [w, b])  # status: error error
# %% a scalar in a compiled step
# raises: ValueError
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(sloped(x @ w + b))
    return tape.gradient(loss, [w, b])
step()
# %% near: a scalar for a scalar
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(weighed(rate, x @ w + b))
grads = tape.gradient(loss, [w, b, rate])
# %% the gradients without their variables
# raises: TypeError
scale, steps = tf.Variable(2.0), tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = scale**2
gradients = tape.gradient(loss, [scale])
steps.apply_gradients(gradients)  # expect: error/gradient-shape-mismatch
# %% two lists in the place of pairs
# raises: TypeError
scale, steps = tf.Variable(2.0), tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = scale**2
gradients = tape.gradient(loss, [scale])
steps.apply_gradients(gradients, [scale])  # expect: error/gradient-shape-mismatch
# %% the variables before the gradients
# raises: AttributeError
scale, steps = tf.Variable(2.0), tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = scale**2
gradients = tape.gradient(loss, [scale])
steps.apply_gradients(zip([scale], gradients))  # expect: error/gradient-shape-mismatch
# %% near: pairs by hand
scale, steps = tf.Variable(2.0), tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = scale**2
steps.apply_gradients([(tape.gradient(loss, scale), scale)])
