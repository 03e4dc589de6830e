import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% before
h = w * w  # expect: none/outside-tape
with tf.GradientTape() as tape:
    loss = 3.0 * h
grad = tape.gradient(loss, w)
# %% after
with tf.GradientTape() as tape:
    h = w * w
loss = 3.0 * h  # expect: none/outside-tape
grad = tape.gradient(loss, w)
# %% near: a constant made before
c = tf.constant(3.0) * 2.0
with tf.GradientTape() as tape:
    loss = c * w
grad = tape.gradient(loss, w)
# %% near: read before as well
print(float(w * 2.0))
with tf.GradientTape() as tape:
    loss = w * w
grad = tape.gradient(loss, w)
# %% setup
import keras
import tensorflow as tf
encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh")], name="encoder")
head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
def encoded(x, y):
    x = x * 2.0
    return encoder(x), y  # expect: none/outside-tape
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
raw = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
mapped = raw.map(encoded).prefetch(1)
# %% a dataset of an earlier cell runs the encoder
for features, labels in mapped:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(features) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)  # status: none none ok ok
# %% near: a dataset that the cell does not go through
# allow: none/unused-variable
for features, labels in raw:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((plain(features) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + plain.trainable_variables)
# %% near: the encoder runs under the tape
for features, labels in raw:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(encoder(features)) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
rates = tf.Variable(tf.random.normal((5, 3)), name="rates")
signals = tf.random.normal((7, 5))
positive = tf.nn.softplus(rates)  # expect: none/outside-tape
rows = tf.cast(rates.shape[0], tf.float32) * tf.ones(())
steps = tf.ones((5, 3))
if signals.shape[0] > 100:
    steps = tf.abs(rates)
# %% a line of an earlier cell
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((signals @ positive) ** 2)
grads = tape.gradient(loss, [rates])  # status: none
# %% a line of an earlier cell, for a compiled step
@tf.function
def step(batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((batch @ positive) ** 2)
    return tape.gradient(loss, [rates])  # status: none
grads = step(signals)
# %% near: the size of a variable
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(signals ** 2) / rows
grads = tape.gradient(loss, [rates])
# %% near: one of two lines that may have made it
# allow: none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((signals @ steps) ** 2)
grads = tape.gradient(loss, [rates])
# %% near: computed under the tape
with tf.GradientTape() as tape:
    positive = tf.nn.softplus(rates)
    loss = tf.reduce_mean((signals @ positive) ** 2)
grads = tape.gradient(loss, [rates])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)

class TiedDecoder:
    def __init__(self, layer):
        self.mixing = tf.transpose(layer.kernel)  # expect: none/outside-tape

    def __call__(self, hidden):
        return hidden @ self.mixing

class LooseDecoder:
    def __init__(self, layer):
        self.layer = layer

    def __call__(self, hidden):
        return hidden @ tf.transpose(self.layer.kernel)

layer = keras.layers.Dense(4, name="layer")
front = keras.layers.Dense(4, name="front")
inputs = tf.random.normal((8, 6))
layer(inputs), front(inputs)
tied, loose = TiedDecoder(layer), LooseDecoder(layer)
# %% an object that computed with a weight when it was made
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((tied(front(inputs)) - inputs) ** 2)
grads = tape.gradient(loss, [front.kernel, layer.kernel])  # status: ok none
# %% near: an object that computes with it each time
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((loose(front(inputs)) - inputs) ** 2)
grads = tape.gradient(loss, [front.kernel, layer.kernel])
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(51)
class Ring(keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), initializer="random_normal", name="w")
        places = np.array([(i, (i + 1) % shape[-1]) for i in range(shape[-1])], "int64")
        self.matrix = tf.SparseTensor(places, tf.convert_to_tensor(self.w), (shape[-1], shape[-1]))  # expect: none/outside-tape
    def call(self, x):
        return tf.transpose(tf.sparse.sparse_dense_matmul(self.matrix, x, adjoint_b=True))
net = keras.Sequential([keras.Input((4,)), Ring(), keras.layers.Dense(1)])
# %% a sparse matrix that build puts together from a weight
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(tf.ones((2, 4))) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # status: none ok ok
# %% setup
import tensorflow as tf
class Plane:
    def __init__(self):
        self.slope = tf.Variable([[1.0], [2.0]], name="slope")
        self.offset = tf.Variable([0.5], name="offset")
        self.matrix = tf.convert_to_tensor(self.slope)  # expect: none/outside-tape
    def __call__(self, x):
        return x @ self.matrix + self.offset
plane = Plane()
x = tf.constant([[1.0, 2.0], [3.0, 5.0]])
# %% a tensor that __init__ makes of a variable
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(plane(x))
grads = tape.gradient(loss, [plane.slope, plane.offset])  # status: none ok
# %% setup
import tensorflow as tf
lengths = tf.Variable([3.0, 1.0, 2.0], name="lengths")
rest = tf.Variable(0.5, name="rest")
rows = tf.RaggedTensor.from_row_splits(lengths.read_value(), [0, 1, 3])  # expect: none/outside-tape
def energy(rows):
    return tf.reduce_sum(tf.reduce_sum(rows, axis=1) ** 2) + rest**2
# %% rows of several lengths that are made once
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = energy(rows)
    grads = tape.gradient(loss, [lengths, rest])  # status: none ok
# %% near: made anew under the tape
with tf.GradientTape() as tape:
    loss = energy(tf.RaggedTensor.from_row_splits(tf.convert_to_tensor(lengths), [0, 1, 3]))
grads = tape.gradient(loss, [lengths, rest])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
class Scorer(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(5, activation="relu")
        self.out = keras.layers.Dense(2)
    def call(self, x):
        return self.out(self.hidden(x))
class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(tf.random.normal((4, 2)))
    def scores(self, x):
        return tf.tanh(x @ self.kernel)
scorer, linear = Scorer(), Linear()
x, y = tf.random.normal((8, 4)), tf.random.normal((8, 2))
def learn(predictions, weights):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((predictions - y) ** 2)
    return tape.gradient(loss, weights)
# %% a model that is called before a function opens the tape
for _ in range(2):
    predictions = scorer(x)  # expect: none/outside-tape
    grads = learn(predictions, scorer.trainable_variables)
# %% a method, in what a function is handed
grads = learn(linear.scores(x), linear.trainable_variables)  # expect: none/outside-tape
# %% a comprehension of calls
given = [linear.scores(part) for part in tf.split(x, 2)]  # expect: none/outside-tape
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((tf.concat(given, 0) - y) ** 2)
grads = tape.gradient(loss, linear.trainable_variables)
# %% near: it is shown before, and called again under the tape
print(float(linear.scores(x)[0, 0]))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((linear.scores(x) - y) ** 2)
grads = tape.gradient(loss, linear.trainable_variables)
# %% setup
import tensorflow as tf
rate = tf.Variable([0.5, 2.0])
def spread(x):
    return x * tf.nn.softplus(rate)
@tf.function
def epoch(x):
    given = spread(x)  # expect: none/outside-tape
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(given ** 2)
    return tape.gradient(loss, rate)
# %% in a traced function that opens the tape itself
grad = epoch(tf.constant([1.0, 3.0]))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
x = tf.random.normal((4, 3), seed=1)
net, other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
codes = other(x)
class Fit:
    def __init__(self, rows):
        self.encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        self.codes = self.encoder(rows)  # expect: none/outside-tape
    def loss(self):
        return tf.reduce_mean(self.codes**2)
fit = Fit(x)
# %% codes that an object keeps
with tf.GradientTape() as tape:
    loss = fit.loss()
grads = tape.gradient(loss, fit.encoder.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
x = tf.random.normal((4, 3), seed=1)
net, other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
codes = other(x)
# %% what another model computed
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(codes**2)
grads = tape.gradient(loss, net.trainable_variables)  # expect: none/unused-variable
