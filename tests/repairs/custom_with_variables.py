# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(422)
x = tf.random.normal((30, 3))
y = tf.reduce_sum(x, axis=1, keepdims=True) * 0.5 + 1.0
class Calibration(keras.layers.Layer):
    def build(self, shape):
        self.coefficients = self.add_weight(shape=(2,), initializer=keras.initializers.Constant(0.7), name="coefficients")
    def call(self, x):
        @tf.custom_gradient
        def line(v):
            weights = tf.convert_to_tensor(self.coefficients)  # slope and offset
            def grad(upstream, variables=None):
                grad_v = upstream * weights[0]
                grad_weights = tf.stack([tf.reduce_sum(v), tf.reduce_sum(tf.ones_like(v))])
                return grad_v, [grad_weights]
            return weights[0] * v + weights[1], grad
        return line(x)
heat, spread = tf.Variable(1.5, name="heat"), tf.Variable([1.5, 0.5], name="spread")
@tf.custom_gradient
def tempered(values):
    def grad(upstream, variables=None):
        return upstream / heat, [tf.reduce_sum(upstream * values)]
    return values / heat, grad
@tf.custom_gradient
def warmed(values):
    def grad(upstream, variables=None):
        return upstream / heat, [tf.reduce_sum(upstream * values)]
    return values * heat, grad
@tf.custom_gradient
def rounded(values):
    def grad(upstream, variables=None):
        return upstream * spread[0], [tf.stack([tf.reduce_sum(upstream), 0.0])]
    return tf.stop_gradient(values) * spread[0], grad
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1), Calibration(name="calibration")])
scores = tf.Variable([1.0, 2.0, 0.5])
# %% a layer whose gradient forgets what came in
# fix: wrong/custom-gradient-mismatch
# becomes: def line(v):
# becomes: weights = tf.convert_to_tensor(self.coefficients)  # slope and offset
# becomes: return weights[0] * v + weights[1]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(model(x) - y))
grads = tape.gradient(loss, model.trainable_variables)
# %% a number
# fix: wrong/custom-gradient-mismatch
# becomes: return upstream / heat, [tf.reduce_sum(-upstream * values / heat ** 2)]
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tempered(scores) ** 2)
grads = tape.gradient(loss, [scores, heat])
# %% an input beside a number
# fix: wrong/custom-gradient-mismatch
# becomes: return upstream * heat, [tf.reduce_sum(upstream * values)]
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(warmed(scores) ** 2)
grads = tape.gradient(loss, scores)
# %% near: what TensorFlow would not differentiate so
# none: wrong/custom-gradient-mismatch
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(rounded(scores) ** 2)
grads = tape.gradient(loss, [scores, spread])
