import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a learning rate of a thousand
optimizer = keras.optimizers.SGD(1000.0)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))  # expect: step/update-destroys-weights
# %% near: a large and harmless one
v = tf.Variable([1.0, -2.0])
optimizer = keras.optimizers.SGD(0.2)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = loss_of(v)
    grads = tape.gradient(loss, [v])
    optimizer.apply_gradients(zip(grads, [v]))
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(3)
draws = np.random.default_rng(0)
seen, wanted = draws.normal(size=(64, 4)), draws.normal(size=(64, 1))
def network(activation, optimizer):
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation=activation), keras.layers.Dense(1)])
    net.compile(optimizer, "mse")
    return net
# %% the learning rate of another optimizer, in `fit`: what explodes afterwards follows from it
net = network("relu", keras.optimizers.Adam(100.0))
net.fit(seen, wanted, epochs=5, verbose=0)  # expect: step/update-destroys-weights
# %% steps that drive a tanh to its end
net = network("tanh", keras.optimizers.SGD(5.0))
net.fit(seen, wanted, epochs=5, verbose=0)  # expect: step/update-destroys-weights
# %% near: a large rate that the weights stand
net = network("relu", keras.optimizers.Adam(0.1))
net.fit(seen, wanted, epochs=5, verbose=0)
# %% near: many steps in one call of a compiled step
net = network("relu", "adam")
net.compile(keras.optimizers.Adam(0.05), "mse", steps_per_execution=4)
net.fit(seen, wanted, epochs=8, batch_size=8, verbose=0)
# %% near: weights that a line of the cell sets between two trainings
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))])
net.compile(keras.optimizers.SGD(0.05), "mse")
net.fit(seen[:32], wanted[:32], verbose=0)
net.set_weights([np.full((4, 1), 5.0), np.ones(1)])
net.fit(seen[:32], wanted[:32], verbose=0)
# %% near: from next to 0 every step is many times the length
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3))])
net.compile(keras.optimizers.SGD(0.1), "mse")
net.fit(seen, wanted + seen[:, :1], epochs=4, batch_size=64, verbose=0)
