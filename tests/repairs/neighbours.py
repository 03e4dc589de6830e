# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(91)
rng = np.random.default_rng(3)
linked = np.triu(rng.random((150, 150)) < 0.5, 1)
adjacency = tf.convert_to_tensor((linked | linked.T).astype("float32"))
degrees = np.diag((linked | linked.T).sum(axis=1))
laplacian = tf.constant(degrees - (linked | linked.T), tf.float32)
told = tf.constant((linked | linked.T).astype("float32"))
traits, wanted = tf.random.normal((150, 6)), tf.random.normal((150, 1))
class Message(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.mix = keras.layers.Dense(units, activation="relu")
    def call(self, nodes, links):
        return links @ self.mix(nodes)
class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.rest = Message(12), [Message(12) for _ in range(4)]
        self.head = keras.layers.Dense(1)
    def call(self, nodes, links):
        nodes = self.first(nodes, links)
        for i in range(4):
            nodes = self.rest[i](nodes, links)
        return self.head(nodes)
network = Network()
network(traits, adjacency)
kernels = [tf.Variable(tf.random.normal(s, stddev=0.4, seed=9), name=f"kernel{i}") for i, s in enumerate([(6, 10), (10, 10), (10, 10), (10, 10), (10, 1)])]
def spread(nodes, links):
    for kernel in kernels[:-1]:
        nodes = tf.nn.relu(tf.matmul(links, tf.matmul(nodes, kernel)))
    return tf.matmul(nodes, kernels[-1])
# %% layers of one's own
# fix: scale/exploding-through-depth
# becomes: adjacency = tf.math.divide_no_nan(adjacency, tf.reduce_sum(adjacency, axis=1, keepdims=True))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(network(traits, adjacency) - wanted))
grads = tape.gradient(loss, network.trainable_variables)
# %% a function with a loop
# fix: scale/exploding-through-depth
# becomes: adjacency = tf.math.divide_no_nan(adjacency, tf.reduce_sum(adjacency, axis=1, keepdims=True))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(spread(traits, adjacency) - wanted))
grads = tape.gradient(loss, kernels)
# %% steps that overflow, in the cell itself
# fix: scale/exploding-through-depth
# becomes: adjacency = tf.math.divide_no_nan(adjacency, tf.reduce_sum(adjacency, axis=1, keepdims=True))
descent = keras.optimizers.SGD(0.01)
for turn in range(2):
    with tf.GradientTape() as tape:
        nodes = traits
        for kernel in kernels[:-1]:
            nodes = tf.nn.relu(adjacency @ nodes @ kernel)
        loss = tf.reduce_mean(tf.square(nodes @ kernels[-1] - wanted))
    descent.apply_gradients(zip(tape.gradient(loss, kernels), kernels))
# %% near: a Laplacian
# untried: scale/exploding-through-depth
# becomes: nodes = tf.tanh(tf.matmul(links, tf.matmul(nodes, kernel)))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(spread(traits, laplacian) - wanted))
grads = tape.gradient(loss, kernels)
# %% near: the links are told from the nodes
# untried: scale/exploding-through-depth
# becomes: nodes = tf.tanh(tf.matmul(links, tf.matmul(nodes, kernel)))
with tf.GradientTape() as tape:
    scores = spread(traits, told)
    loss = tf.reduce_mean(tf.square(scores @ tf.transpose(scores) - told))
grads = tape.gradient(loss, kernels)
