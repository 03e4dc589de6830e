import tensorflow as tf
w = tf.Variable([-1.0, -2.0], name="w")
x = tf.constant([1.0, 2.0])
# %% all off
with tf.GradientTape() as tape:
    h = tf.nn.relu(w * x)  # expect: zero/dead-activation
    loss = tf.reduce_sum((h - 1.0) ** 2)
grad = tape.gradient(loss, w)
# %% near: one is on
with tf.GradientTape() as tape:
    h = tf.nn.relu(w * x * [-1.0, 1.0])
    loss = tf.reduce_sum((h - 3.0) ** 2)
grad = tape.gradient(loss, w)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
x = tf.random.uniform((16, 4))
y = tf.cast(x[:, :1] > 0.5, tf.float32)
# %% under a cross entropy of logits
h = keras.layers.Dense(6, activation="relu", bias_initializer=keras.initializers.Constant(-9.0))  # expect: zero/dead-activation
out = keras.layers.Dense(1)
with tf.GradientTape() as tape:
    logits = out(h(x))
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits))
grads = tape.gradient(loss, h.trainable_variables + out.trainable_variables)  # status: zero zero zero ok
# %% under a Huber loss, fit
net = keras.Sequential([
    keras.layers.Dense(6, activation="relu", bias_initializer=keras.initializers.Constant(-9.0)),  # expect: zero/dead-activation
    keras.layers.Dense(1),
])
net.compile("sgd", "huber")
net.fit(x, y, verbose=0)  # status: zero zero zero ok
# %% near: a loss that reached zero
place = tf.Variable([3.0], name="place")
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.relu(place - 1.0))  # note: zero/dead-activation
    grad = tape.gradient(loss, place)  # status: zero
    place.assign_sub(grad)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(2)
counts = np.random.default_rng(0).integers(0, 255, (16, 8))
heights = tf.random.normal((16, 1))
net = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
# %% all of the data are 0: the line that made them so, not the activation
scaled = tf.constant(counts // 255, tf.float32)  # expect: zero/dead-activation
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(scaled) - heights) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% near: data that are 0 in part
part = tf.constant(counts * (counts > 200) / 255, tf.float32)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(part) - heights) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
cell, out = keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)
# %% near: a start of zeros that the first update moves away from
with tf.GradientTape() as tape:
    h, loss = tf.zeros((4, 3)), 0.0
    for _ in range(4):
        h = out(cell(h))
        loss += tf.reduce_mean((h - 1.0) ** 2)
grads = tape.gradient(loss, cell.trainable_variables + out.trainable_variables)  # status: zero zero zero ok
# %% nothing moves away from it
first, second = keras.layers.Dense(8, activation="relu", use_bias=False), keras.layers.Dense(3)  # expect: zero/dead-activation
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((second(first(tf.zeros((4, 3)))) - 1.0) ** 2)
grads = tape.gradient(loss, first.trainable_variables + second.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(11)
turn, below = tf.Variable(tf.random.normal((3, 3), seed=1)), tf.Variable(tf.fill((3,), -40.0))
points = tf.random.normal((5, 3), seed=2)
@tf.function
def settle(x):
    with tf.GradientTape() as tape:
        state = x
        for _ in tf.range(4):
            state = tf.nn.relu(state @ turn + below)  # expect: zero/dead-activation
        loss = tf.reduce_mean((state - 1.0) ** 2)
    return tape.gradient(loss, [turn, below])  # status: zero zero
# %% in the loop of a compiled step
grads = settle(points)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(11)
# %% in the loop of a recurrent layer, in fit
reader = keras.Sequential([keras.Input((6, 2)), keras.layers.SimpleRNN(4, activation="relu", bias_initializer=keras.initializers.Constant(-30.0)), keras.layers.Dense(1)])  # expect: zero/dead-activation
reader.compile("sgd", "mse")
history = reader.fit(tf.random.uniform((8, 6, 2)), tf.ones((8, 1)), verbose=0)
