# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
w, b = tf.Variable([0.5, -1.0, 2.0]), tf.Variable([1.0, 0.1, 0.3])
sizes = []
@tf.custom_gradient
def watched(values):
    out = tf.identity(values)
    def back(upstream):
        sizes.append(float(tf.norm(upstream)))
        return ()
    return out, back
@tf.custom_gradient
def weighed(values, weights):
    def grad(dy):
        tf.debugging.assert_all_finite(dy, "bad")
        return []
    return values * tf.exp(weights), grad
@tf.custom_gradient
def squared(values):
    return tf.square(values), lambda dy: []
@tf.custom_gradient
def summed(one, other):
    def grad(dy):
        """Only looks."""
        sizes.append(dy)
    return one + other, grad
@tf.custom_gradient
def shrunk(values, by):
    def grad(dy):
        sizes.append(dy)
        return
    return values / by, grad
@tf.custom_gradient
def on_a_line(one, other):
    def grad(dy): sizes.append(dy)
    return one - other, grad
@tf.custom_gradient
def sorted_by_size(values):
    def grad(dy):
        return []
    return tf.sort(values), grad
class Peek(keras.layers.Layer):
    def call(self, inputs):
        @tf.custom_gradient
        def peek(x):
            def grad(dy):
                tf.print(tf.norm(dy))
                return []
            return x + 0.0, grad
        return peek(inputs)
# %% a probe that returns an empty tuple
# fix: error/gradient-shape-mismatch
# becomes: return upstream
# gone: return ()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(watched(w * b) ** 2)
grads = tape.gradient(loss, [w, b])
# %% an empty list for two inputs
# fix: error/gradient-shape-mismatch
# becomes: return dy * tf.exp(weights), dy * values * tf.exp(weights)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(weighed(w, b))
grads = tape.gradient(loss, [w, b])
# %% an empty list by a lambda
# fix: error/gradient-shape-mismatch
# becomes: return tf.square(values), lambda dy: dy * 2.0 * values
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(squared(w))
grads = tape.gradient(loss, [w])
# %% no return at all
# fix: error/gradient-shape-mismatch
# becomes: return dy, dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(summed(w, b) ** 2)
grads = tape.gradient(loss, [w, b])
# %% no return at all, on one line
# fix: error/gradient-shape-mismatch
# becomes: sizes.append(dy)
# becomes: return dy, -dy
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(on_a_line(w, b) ** 2)
grads = tape.gradient(loss, [w, b])
# %% a return of nothing
# fix: error/gradient-shape-mismatch
# becomes: return dy / by, -dy * values / by ** 2
# gone: return
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(shrunk(w, b))
grads = tape.gradient(loss, [w, b])
# %% in a layer
# fix: error/gradient-shape-mismatch
# becomes: return dy
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), Peek(), keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(tf.ones((4, 3))) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% near: a function that is not differentiated by hand
# none: error/gradient-shape-mismatch
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(sorted_by_size(w))
grads = tape.gradient(loss, [w])
