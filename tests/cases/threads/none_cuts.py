import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

class Detached(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = layers.Dense(3, activation="tanh")
        self.head = layers.Dense(1)

    def call(self, inputs):
        features = self.encoder(inputs)
        return self.head(tf.stop_gradient(features))  # expect: none/stop-gradient

net = Detached()
net(x)
# %% stop gradient in a subclassed model, own loop
optimizer = keras.optimizers.SGD(0.1)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)  # status: none none ok ok
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# allow: step/silently-skipped
# %% stop gradient in a subclassed model, fit
net.compile("sgd", "mse")
net.fit(x, y, epochs=1, verbose=0)  # status: none none ok ok
# allow: step/silently-skipped
# %% setup
import tensorflow as tf
import keras
from keras import ops
keras.utils.set_random_seed(2)
q_net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(2)])
states, actions, rewards = tf.random.normal((12, 3)), tf.constant([0, 1] * 6), tf.random.normal((12,))
optimizer = keras.optimizers.Adam(1e-3)
# %% the wrong side is detached in a Q loss
with tf.GradientTape() as tape:
    q = tf.reduce_sum(q_net(states) * tf.one_hot(actions, 2), axis=1)
    loss = tf.reduce_mean((rewards - ops.stop_gradient(q)) ** 2)  # expect: none/stop-gradient
grads = tape.gradient(loss, q_net.trainable_variables)  # status: none none none none
# %% the greedy action instead of its value
with tf.GradientTape() as tape:
    q = q_net(states)
    best = tf.argmax(q, axis=1)  # expect: none/non-differentiable-op
    loss = tf.reduce_mean((rewards - tf.cast(best, tf.float32)) ** 2)
grads = tape.gradient(loss, q_net.trainable_variables)  # status: none none none none
# %% the sampled action carries the loss
with tf.GradientTape() as tape:
    sampled = tf.random.categorical(q_net(states), 1)  # expect: none/non-differentiable-op
    loss = -tf.reduce_mean(tf.cast(sampled[:, 0], tf.float32) * rewards)
grads = tape.gradient(loss, q_net.trainable_variables)  # status: none none none none
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops
keras.utils.set_random_seed(3)
x, y = np.random.default_rng(0).normal(size=(32, 5)).astype("float32"), np.random.default_rng(1).integers(0, 2, (32, 1)).astype("float32")

def accuracy_loss(y_true, y_pred):
    hits = tf.equal(tf.round(y_pred), y_true)  # expect: none/non-differentiable-op
    return 1.0 - tf.reduce_mean(tf.cast(hits, tf.float32))

model = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(1, activation="sigmoid")])
# %% accuracy as a loss, own loop
with tf.GradientTape() as tape:
    loss = accuracy_loss(y, model(x))
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% accuracy as a loss, fit
# raises: ValueError
# allow: error/no-gradients-provided
model.compile("adam", accuracy_loss)
model.fit(x, y, epochs=1, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(4)
x, y = tf.random.normal((32, 5)), tf.cast(tf.random.uniform((32,), maxval=2, dtype=tf.int32), tf.float32)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])

def f1_loss(y_true, y_pred):
    y_hat = tf.cast(y_pred[:, 0] > 0.5, tf.float32)  # expect: none/non-differentiable-op or none/non-float-dtype
    tp = tf.reduce_sum(y_true * y_hat)
    fp = tf.reduce_sum((1 - y_true) * y_hat)
    fn = tf.reduce_sum(y_true * (1 - y_hat))
    return 1.0 - 2.0 * tp / (2.0 * tp + fp + fn + 1e-7)

@tf.function
def train_step():
    with tf.GradientTape() as tape:
        loss = f1_loss(y, model(x))
    grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
    return loss, [g is None for g in grads]
# %% F1 of a threshold in a compiled step
loss, missing = train_step()
# %% setup
import tensorflow as tf
import keras
from keras import ops
keras.utils.set_random_seed(5)
scorer = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
items, relevance = tf.random.normal((10, 4)), tf.random.uniform((10,))
# %% rank correlation by sorting twice
with tf.GradientTape() as tape:
    scores = scorer(items)[:, 0]
    ranks = tf.argsort(tf.argsort(scores))  # expect: none/non-differentiable-op
    loss = tf.reduce_mean((tf.cast(ranks, tf.float32) - 9.0 * relevance) ** 2)
grads = tape.gradient(loss, scorer.trainable_variables)  # status: none none none none
# %% histogram of the predictions
with tf.GradientTape() as tape:
    scores = scorer(items)[:, 0]
    counts = tf.histogram_fixed_width(scores, [-1.0, 1.0], nbins=5)  # expect: none/non-differentiable-op
    loss = tf.reduce_sum((tf.cast(counts, tf.float32) / 10.0 - 0.2) ** 2)
grads = tape.gradient(loss, scorer.trainable_variables)  # status: none none none none
# %% one hot of a cast score
with tf.GradientTape() as tape:
    level = tf.cast(3.0 * tf.sigmoid(scorer(items)[:, 0]), tf.int32)  # expect: none/non-float-dtype or none/non-differentiable-op
    loss = tf.reduce_mean(tf.one_hot(level, 3) * tf.constant([1.0, 2.0, 3.0]))  # also: none/non-differentiable-op
grads = tape.gradient(loss, scorer.trainable_variables)  # status: none none none none
# %% pixels as bytes on the way
generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(16, activation="sigmoid")])
with tf.GradientTape() as tape:
    picture = generator(items)
    stored = tf.image.convert_image_dtype(picture, tf.uint8)  # expect: none/non-float-dtype or none/non-differentiable-op
    loss = tf.reduce_mean(tf.cast(stored, tf.float32) / 255.0)
grads = tape.gradient(loss, generator.trainable_variables)  # status: none none
# %% counted instead of summed
with tf.GradientTape() as tape:
    wrong = tf.math.count_nonzero(scorer(items)[:, 0] > relevance)  # expect: none/non-differentiable-op
    loss = tf.cast(wrong, tf.float32) / 10.0
grads = tape.gradient(loss, scorer.trainable_variables)  # status: none none none none
# %% top k indices
with tf.GradientTape() as tape:
    scores = scorer(items)[:, 0]
    _, best = tf.math.top_k(scores, 3)  # expect: none/non-differentiable-op
    loss = -tf.reduce_mean(tf.gather(relevance, best))
grads = tape.gradient(loss, scorer.trainable_variables)  # status: none none none none
# %% integer weights
counts = tf.Variable([1, 2, 3], name="counts")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.cast(counts, tf.float32) ** 2)
grad = tape.gradient(loss, counts)  # expect: none/non-float-dtype
# %% bucketised by searchsorted
edges = tf.constant([-0.5, 0.0, 0.5])
with tf.GradientTape() as tape:
    bucket = tf.searchsorted(edges, scorer(items)[:, 0])  # expect: none/non-differentiable-op
    loss = tf.reduce_mean(tf.gather(tf.constant([0.1, 0.2, 0.3, 0.4]), bucket))
grads = tape.gradient(loss, scorer.trainable_variables)  # status: none none none none
# %% file rounding.py
import tensorflow as tf

def quantise(values, levels):
    return tf.floor(values * levels) / levels  # expect: none/non-differentiable-op
# %% floor in an imported file
from rounding import quantise
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(quantise(scorer(items), 8.0) ** 2)
grads = tape.gradient(loss, scorer.trainable_variables)  # status: none none none none
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(6)
x = tf.random.normal((8, 4))
# %% file blocks.py
import keras
import tensorflow as tf

class Projection(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(4)

    def call(self, inputs):
        return tf.stop_gradient(self.inner(inputs))  # expect: none/stop-gradient
# %% stop gradient in an imported layer
from blocks import Projection
head = keras.layers.Dense(1)
block = Projection()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(head(block(x)) ** 2)
grads = tape.gradient(loss, block.trainable_variables + head.trainable_variables)  # status: none none ok ok
# %% stop gradient in an imported layer, fit
# allow: step/silently-skipped
from blocks import Projection
model = keras.Sequential([keras.Input((4,)), Projection(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, x[:, :1], verbose=0)  # status: none none ok ok
