# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
steel = 200 * 10**9  # Pa
lame, shear = 121e9, 80e9
net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
second = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
grid, seen = tf.reshape(tf.linspace(0.0, 1.0, 20), (-1, 1)), tf.ones((20, 1))
weights = net.trainable_variables
def stretched(u, load):
    stiffness = 2.0 * steel
    total = 0.0
    for part in (u[:10], u[10:]):
        total += tf.reduce_mean(0.5 * stiffness * part**2)
    return total - 1e-3 * steel * load * tf.reduce_mean(u)
class Spring:
    def __init__(self, model):
        self.model, self.rate = model, 4e8
    def energy(self, x):
        u = self.model(x) - 1.0
        return 0.5 * self.rate * tf.reduce_sum(u**2)
spring = Spring(net)
def work(y_true, y_pred):
    return tf.reduce_mean(steel * tf.square(y_pred - y_true), axis=-1) + steel * 1e-3 * tf.abs(y_pred[:, 0])  # in J
second.compile("sgd", work)
def cost(u):
    return tf.reduce_mean(steel * u**2)
# %% an energy that is summed in a loop
# fix: scale/unscaled-loss-or-data
# becomes: loss = stretched(net(grid), 2.0) / steel
with tf.GradientTape() as tape:
    loss = stretched(net(grid), 2.0)
grads = tape.gradient(loss, weights)
# %% an attribute, whose method is divided
# fix: scale/unscaled-loss-or-data
# becomes: return (0.5 * self.rate * tf.reduce_sum(u**2)) / self.rate
with tf.GradientTape() as tape:
    loss = spring.energy(grid)
grads = tape.gradient(loss, weights)
# %% two constants of one material
# fix: scale/unscaled-loss-or-data
# becomes: energy = tf.reduce_mean(0.5 * lame * bent**2 + shear * tf.square(bent - 1.0)) / lame
with tf.GradientTape() as tape:
    bent = net(grid)
    energy = tf.reduce_mean(0.5 * lame * bent**2 + shear * tf.square(bent - 1.0))
grads = tape.gradient(energy, weights)
# %% a loss function of Keras
# fix: scale/unscaled-loss-or-data
# becomes: return (tf.reduce_mean(steel * tf.square(y_pred - y_true), axis=-1) + steel * 1e-3 * tf.abs(y_pred[:, 0])) / steel  # in J
history = second.fit(grid, seen, verbose=0)
# %% near: one term is a plain error
# none: scale/unscaled-loss-or-data
with tf.GradientTape() as tape:
    u = net(grid)
    loss = cost(u) + tf.reduce_mean(tf.square(u - seen))
grads = tape.gradient(loss, weights)
# %% near: the two are not in one power
# none: scale/unscaled-loss-or-data
with tf.GradientTape() as tape:
    u = net(grid)
    loss = tf.reduce_mean(lame * u) + tf.reduce_mean(shear * shear * 1e-9 * u)
grads = tape.gradient(loss, weights)
