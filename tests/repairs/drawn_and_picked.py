# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(11)
values = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(2)])
states, rewards = tf.random.normal((8, 4)), tf.random.normal((8,))
actions = np.array([0, 1, 1, 0, 1, 0, 0, 1])
centre, log_spread = tf.Variable([0.2, -0.4, 1.0]), tf.Variable([0.1, 0.0, -0.3])
class Sampler(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.centre, self.log_variance = keras.layers.Dense(2), keras.layers.Dense(2)
    def call(self, inputs):
        centre, log_variance = self.centre(inputs), self.log_variance(inputs)
        # of the code
        return tf.convert_to_tensor(np.random.normal(centre.numpy(), np.exp(0.5 * log_variance.numpy())), tf.float32)
sampler = Sampler()
sampler(states)
# %% the values of actions, picked by NumPy
# fix: none/left-tensorflow
# becomes: every = values(states)
# becomes: taken = tf.gather(every, actions, axis=1, batch_dims=1)
with tf.GradientTape() as tape:
    every = values.predict(states, verbose=0)
    taken = every[np.arange(8), actions]
    loss = tf.reduce_mean((rewards - taken) ** 2)
grads = tape.gradient(loss, values.trainable_variables)
# %% in a function, by a range
# fix: none/left-tensorflow
# becomes: return tf.gather(values(states), chosen, axis=1, batch_dims=1)
def of(chosen):
    return values(states).numpy()[range(len(chosen)), chosen]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((rewards - of(actions)) ** 2)
grads = tape.gradient(loss, values.trainable_variables)
# %% noise that NumPy draws, in a layer
# fix: none/left-tensorflow
# becomes: return tf.convert_to_tensor(centre + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(centre)), tf.float32)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((sampler(states) - 0.5) ** 2)
grads = tape.gradient(loss, sampler.trainable_variables)
# %% noise of a size
# fix: none/left-tensorflow
# becomes: points = centre + tf.exp(log_spread) * tf.random.normal((20, 3))
with tf.GradientTape() as tape:
    points = np.random.normal(centre.numpy(), np.exp(log_spread.numpy()), (20, 3))
    loss = tf.reduce_mean(points**2)
grads = tape.gradient(loss, [centre, log_spread])
# %% near: rows by a mask
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    every = values(states).numpy()
    loss = tf.reduce_mean(tf.constant(every[every > 0.0].argsort(), tf.float32))
grads = tape.gradient(loss, values.trainable_variables)
