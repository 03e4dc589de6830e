# %% setup
import keras
import tensorflow as tf
E, load = 210e3, 0.1  # N/mm2
net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
z = tf.reshape(tf.linspace(0.0, 1.0, 20), (-1, 1))
weights = net.trainable_variables
def slope(x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        u = x * net(x)
    return tape.gradient(u, x)
def bar(x):
    stress = E * slope(x) - load * 2.0
    end = 0.5 * E * slope(x)[-1] - (load + 1.0)  # at the end
    return tf.reduce_mean(tf.square(stress)) + tf.reduce_mean(end ** 2)
class Heat:
    def __init__(self):
        self.capacity = 4.2e6
    def loss(self, x):
        return tf.reduce_mean(tf.abs(load - slope(x) * self.capacity))
CELL = 5e4
def mixed(x):
    flux = CELL * slope(x) + load
    return tf.reduce_mean(tf.square(flux)) + tf.reduce_mean(flux * x)
heat = Heat()
# %% a bar
# fix: scale/unscaled-loss-or-data
# becomes: stress = slope(x) - load * 2.0 / E
# becomes: end = 0.5 * slope(x)[-1] - (load + 1.0) / E  # at the end
with tf.GradientTape() as tape:
    loss = bar(z)
grads = tape.gradient(loss, weights)
# %% an attribute
# fix: scale/unscaled-loss-or-data
# becomes: return tf.reduce_mean(tf.abs(load / self.capacity - slope(x)))
with tf.GradientTape() as tape:
    loss = heat.loss(z)
grads = tape.gradient(loss, weights)
# %% near: the residual is used for something else
# none: scale/unscaled-loss-or-data
with tf.GradientTape() as tape:
    loss = mixed(z)
grads = tape.gradient(loss, weights)
