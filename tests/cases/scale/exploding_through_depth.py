import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
recurrent = tf.Variable(2.0 * tf.eye(6), name="recurrent")
start = tf.Variable(tf.ones((1, 6)), name="start")
# %% a recurrence of thirty steps
with tf.GradientTape() as tape:
    state = start
    for _ in range(30):
        state = tf.nn.relu(state @ recurrent)  # expect: scale/exploding-through-depth
    loss = tf.reduce_mean(state)
grads = tape.gradient(loss, [start, recurrent])
# %% in a loop of a graph
@tf.function
def step():
    with tf.GradientTape() as tape:
        state = start * 1.0
        for _ in tf.range(30):
            state = tf.nn.relu(state @ recurrent)  # expect: scale/exploding-through-depth
        loss = tf.reduce_mean(state)
    return tape.gradient(loss, [start, recurrent])
step()
# %% near: an orthogonal recurrence
with tf.GradientTape() as tape:
    state = start
    for _ in range(30):
        state = tf.nn.relu(state @ (recurrent / 2.0))
    loss = tf.reduce_mean(state)
grads = tape.gradient(loss, [start, recurrent])
# %% in a loop inside a function that the tape does not see into
@tf.function
def simulate(rate, state):
    for _ in tf.range(40):
        state = state + rate * state * 2.0  # expect: scale/exploding-through-depth
    return state
rate = tf.Variable(0.7, name="rate")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((simulate(rate, tf.constant([1.0, 2.0])) - 1.0) * 0.01)
grad = tape.gradient(loss, rate)  # status: exploding
# %% near: a loop of few turns
@tf.function
def simulate(rate, state):
    for _ in tf.range(3):
        state = state + rate * state * 2.0
    return state
rate = tf.Variable(0.7, name="rate")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((simulate(rate, tf.constant([1.0, 2.0])) - 1.0) * 0.01)
grad = tape.gradient(loss, rate)
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(7)
walks, grades = 4.0 * tf.cumsum(tf.random.normal((8, 90, 2)), axis=1), tf.random.uniform((8,), 0, 3, tf.int32)
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

def reader(units, cell=layers.LSTM):
    entrance = keras.Input((90, 2))
    h = layers.Conv1D(8, 3, padding="same")(entrance)
    for width in units:
        h = cell(width, return_sequences=True)(h)
    return keras.Model(entrance, layers.Dense(3)(layers.Flatten()(h)))

def slopes(net):
    with tf.GradientTape() as tape:
        loss = criterion(grades, net(walks, training=True))
    return tape.gradient(loss, net.trainable_variables)
# %% a recurrent layer whose activation has no bound, made in an earlier turn
first = layers.LSTM(32, activation="relu", return_sequences=True)  # expect: scale/exploding-through-depth
net = keras.Sequential([keras.Input((90, 2)), first, layers.Flatten(), layers.Dense(3)])
slopes(net)
# %% near: the same layers with the activation that they have by themselves
slopes(reader([32, 32]))
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(8)
walks, heights = 4.0 * tf.cumsum(tf.random.normal((8, 90, 2)), axis=1), tf.random.normal((8, 1))

class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.LSTM(24, activation="relu", return_sequences=True)  # expect: scale/exploding-through-depth
        self.second = layers.LSTM(32, activation="relu")  # also: scale/exploding-through-depth
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(self.second(self.first(x)))

net = Reader()
# %% in the class of a model that an earlier cell makes
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(walks) - heights))
grads = tape.gradient(loss, net.trainable_variables)
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(12)
rows = np.random.default_rng(4).normal(size=(48, 16)).astype("float32")
heights = rows[:, :1] - rows[:, 1:2]

def tower(depth, starts, width=64):
    model = keras.Sequential([keras.Input((16,))])
    for _ in range(depth):
        model.add(layers.Dense(width, activation="relu", kernel_initializer=starts))  # expect: scale/exploding-through-depth
    model.add(layers.Dense(1))
    return model
# %% layers whose weights begin at the scale 1
model = tower(9, keras.initializers.RandomNormal(stddev=1.0))
model.compile(keras.optimizers.SGD(1e-4), "mse")
history = model.fit(rows, heights, batch_size=48, epochs=1, verbose=0)
# allow: step/update-destroys-weights
# %% the same layers in a loop of one's own
model = tower(8, keras.initializers.TruncatedNormal(0.0, 1.0))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(rows) - heights) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# %% near: weights whose size goes by the number of inputs
model = tower(9, "he_normal")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(rows) - heights) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# %% near: raw data make the gradients large, and no layer makes its values larger
model = tower(6, "he_normal")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(1e5 * rows) - heights) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# allow: scale/unscaled-loss-or-data
