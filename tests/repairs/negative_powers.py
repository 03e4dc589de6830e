# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(4)
links = np.zeros((7, 7))
for i, j in [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5)]:
    links[i, j] = links[j, i] = 1.0
traits = np.random.normal(size=(7, 3)).astype("float32")
groups = np.array([0, 0, 0, 1, 1, 1, 1])
signed = np.where(links > 0, -1.0, 0.0)
signed[0] = np.abs(signed[0])
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
def symmetric(matrix):
    degree = matrix.sum(axis=1)
    scale = np.diag(np.power(degree, -0.5))  # D^-1/2
    return scale @ matrix @ scale
def row_wise(matrix):
    total = np.asarray(matrix.sum(1)).flatten()
    return np.diag(total ** -1) @ matrix
def by_root(matrix):
    degree = np.sum(matrix, axis=0)
    inverse = 1.0 / np.sqrt(degree)
    return matrix * inverse[:, None] * inverse[None, :]
class Graph:
    def __init__(self, matrix):
        self.matrix = matrix
    def normalized(self):
        return np.diag(np.reciprocal(self.matrix.sum(axis=1))) @ self.matrix
def with_roots(matrix):
    return np.power(matrix.sum(axis=1), -0.5)[:, None] * np.sqrt(matrix - 0.5)
def spread_out(mixed):
    return mixed * np.sum(mixed, axis=1, keepdims=True) ** -0.5
def loss_of(matrix):
    scores = tf.matmul(tf.constant(matrix, tf.float32), net(traits))
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(groups, scores))
# %% the degree of a lone node
# fix: nonfinite/bad-input-data
# becomes: scale = np.diag(np.power(np.where(degree > 0, degree, np.inf), -0.5))  # D^-1/2
matrix = tf.constant(symmetric(links), tf.float32)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.matmul(matrix, net(traits)) ** 2)
slopes = tape.gradient(loss, net.trainable_variables)
# %% an inverse as a power
# fix: nonfinite/bad-input-data
# becomes: return np.diag(np.where(total != 0, total, np.inf) ** -1) @ matrix
walks = row_wise(links)
with tf.GradientTape() as tape:
    loss = loss_of(walks)
slopes = tape.gradient(loss, net.trainable_variables)
# %% one over a root
# fix: nonfinite/bad-input-data
# becomes: inverse = 1.0 / np.sqrt(np.where(degree > 0, degree, np.inf))
scaled = by_root(links)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = loss_of(scaled)
    slopes = tape.gradient(loss, net.trainable_variables)
# %% in a method
# fix: nonfinite/bad-input-data
# becomes: return np.diag(np.reciprocal(np.where(self.matrix.sum(axis=1) != 0, self.matrix.sum(axis=1), np.inf))) @ self.matrix
walks = Graph(links).normalized()
with tf.GradientTape() as tape:
    loss = loss_of(walks)
slopes = tape.gradient(loss, net.trainable_variables)
# %% line by line, and fit
# fix: nonfinite/bad-input-data
# becomes: scale = np.where(degree > 0, degree, np.inf) ** (-1 / 2)
degree = links.sum(axis=1)
scale = degree ** (-1 / 2)
spread = (scale[:, None] * links * scale) @ traits
net.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
net.fit(spread, groups, verbose=0)
# %% near: a root of negative numbers beside it
# none: nonfinite/bad-input-data
walks = with_roots(links)
with tf.GradientTape() as tape:
    loss = loss_of(walks)
slopes = tape.gradient(loss, net.trainable_variables)
# %% near: a root of what may be negative
# none: nonfinite/bad-input-data
walks = spread_out(signed)
with tf.GradientTape() as tape:
    loss = loss_of(walks)
slopes = tape.gradient(loss, net.trainable_variables)
# %% the logarithm of counts, in a loop
# fix: nonfinite/bad-input-data
# becomes: sizes = np.log1p(counts)
counts = np.array([[3.0, 0.0, 2.0], [1.0, 4.0, 0.0]])
sizes = np.log(counts)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(sizes) ** 2)
    slopes = tape.gradient(loss, net.trainable_variables)
