# %% setup
import keras
import tensorflow as tf
from keras import layers, optimizers
keras.utils.set_random_seed(17)
trunk = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(5, activation="tanh")], name="trunk")
net = keras.Sequential([keras.Input((4,)), trunk, layers.Dense(1)])
trunk.trainable = False
rows, heights = tf.random.normal((24, 4)), tf.random.normal((24, 1))
def update(a, b):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(net(a, training=True) - b))
    tape_grads = tape.gradient(error, net.trainable_variables)
    opt.apply_gradients(zip(tape_grads, net.trainable_variables))
    return error
@tf.function
def decorated(a, b):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.abs(net(a) - b))
    grads = tape.gradient(error, net.trainable_weights)
    opt.apply(grads, net.trainable_weights)
    return error
def thaw():
    for part in trunk.layers:
        part.trainable = True
    trunk.trainable = True
class Plain:
    def apply(self, grads, variables):
        for g, v in zip(grads, variables):
            v.assign_sub(0.01 * g)
# %% traced under another name
# fix: step/stale-capture
# becomes: opt = opt.from_config(opt.get_config())
# becomes: fast = tf.function(update)
opt = keras.optimizers.SGD(0.05)
fast = tf.function(update)
fast(rows, heights)
trunk.trainable = True
for _ in range(2):
    fast(rows, heights)
# %% decorated, and unfrozen in one epoch of the loop
# fix: step/stale-capture
# becomes: opt = opt.from_config(opt.get_config())
# becomes: decorated = tf.function(decorated.python_function)
opt = optimizers.Adam(0.01)
for epoch in range(4):
    if epoch == 2:
        trunk.trainable = True
    decorated(rows, heights)
# %% unfrozen in a function
# fix: step/stale-capture
# becomes: opt = opt.from_config(opt.get_config())
# becomes: quick = tf.function(update, reduce_retracing=True)
opt = optimizers.RMSprop(0.01)
quick = tf.function(update, reduce_retracing=True)
quick(rows, heights)
thaw()
quick(rows, heights)
# %% an optimizer of one's own takes any variables
# fix: step/stale-capture
# becomes: decorated = tf.function(decorated.python_function)
opt = Plain()
decorated(rows, heights)
trunk.trainable = True
decorated(rows, heights)
# %% near: two traces of one function
# none: step/stale-capture
opt = keras.optimizers.SGD(0.05)
one = tf.function(update)
two = tf.function(update)
one(rows, heights)
trunk.trainable = True
one(rows, heights)
