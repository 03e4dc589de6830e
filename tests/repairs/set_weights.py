# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
points, heights = tf.random.normal((12, 3)), tf.random.normal((12, 1))
surface = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dropout(0.1), keras.layers.Dense(1)])
plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
normed = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)])
first, start = [tf.constant(w) for w in surface.get_weights()], [tf.constant(w) for w in plain.get_weights()]
stretch, mixture = tf.Variable(1.1, name="stretch"), tf.Variable([0.6, 0.4], name="mixture")
optimizer = keras.optimizers.SGD(0.1)
class Learner:
    def __init__(self):
        self.inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        self.base = [tf.constant(w) for w in self.inner.get_weights()]
        self.scale = tf.Variable(0.9)
    def loss(self, x, y):
        self.inner.set_weights([self.scale * w for w in self.base])  # the scaled ones
        return tf.reduce_mean((self.inner(x) - y) ** 2)
learner = Learner()
head = keras.layers.Dense(1)
head(points)
def adapted(kernel, x):
    head.set_weights([kernel, tf.zeros(1)])
    return head(x)
# %% a list of its own in a loop
# fix: none/state-assignment
# becomes: predicted = surface.stateless_call(scaled, surface.non_trainable_variables, points, training=False)[0]
# gone: surface.set_weights(scaled)
for step in range(2):
    with tf.GradientTape() as tape:
        scaled = [stretch * w for w in first]
        surface.set_weights(scaled)
        predicted = surface(points, training=False)
        loss = tf.reduce_mean((predicted - heights) ** 2)
    slope = tape.gradient(loss, stretch)
    if slope is not None:
        optimizer.apply_gradients([(slope, stretch)])
# %% computed on the spot in a method
# fix: none/state-assignment
# becomes: weights = [self.scale * w for w in self.base]
# becomes: return tf.reduce_mean((self.inner.stateless_call(weights, self.inner.non_trainable_variables, x)[0] - y) ** 2)
# gone: self.inner.set_weights([self.scale * w for w in self.base])  # the scaled ones
with tf.GradientTape() as tape:
    loss = learner.loss(points, heights)
grads = tape.gradient(loss, [learner.scale])
# %% a layer in a function
# fix: none/state-assignment
# becomes: weights = [kernel, tf.zeros(1)]
# becomes: return head.stateless_call(weights, head.non_trainable_variables, x)[0]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((adapted(tf.ones((3, 1)) * stretch, points) - heights) ** 2)
grads = tape.gradient(loss, stretch)
# %% the weights stay in a model that is evaluated behind it
# fix: none/state-assignment
# becomes: weights = [mixture[0] * w + mixture[1] for w in start]
# becomes: plain.set_weights(weights)
# becomes: loss = tf.reduce_mean((plain.stateless_call(weights, plain.non_trainable_variables, points)[0] - heights) ** 2)
with tf.GradientTape() as tape:
    plain.set_weights([mixture[0] * w + mixture[1] for w in start])
    loss = tf.reduce_mean((plain(points) - heights) ** 2)
grads = tape.gradient(loss, mixture)
kept = plain.get_weights()
# %% moving statistics are among the weights
# none: none/state-assignment
with tf.GradientTape() as tape:
    normed.set_weights([stretch * w for w in [tf.ones(3), tf.zeros(3), tf.zeros(3), tf.ones(3), tf.ones((3, 1)), tf.zeros(1)]])
    loss = tf.reduce_mean((normed(points) - heights) ** 2)
grads = tape.gradient(loss, stretch)
# %% a call before it sees the weights of the turn before
# none: none/state-assignment
for turn in range(2):
    with tf.GradientTape() as tape:
        before = plain(points)
        plain.set_weights([stretch * w for w in start])
        loss = tf.reduce_mean((plain(points) - before - heights) ** 2)
    grads = tape.gradient(loss, stretch)
# %% called in another function
# none: none/state-assignment
def error(model, x, y):
    return tf.reduce_mean((model(x) - y) ** 2)
with tf.GradientTape() as tape:
    plain.set_weights([stretch * w for w in start])
    loss = error(plain, points, heights)
grads = tape.gradient(loss, stretch)
