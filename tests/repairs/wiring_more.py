# %% setup
import keras
import tensorflow as tf
from keras import layers
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
net = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
class Accumulated:
    def __init__(self, steps):
        self.weight = 1 // steps
    def loss(self):
        return tf.reduce_mean(tf.square(net(x) - y)) * self.weight
parts = Accumulated(4)
def clipped_step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    grads = tape.gradient(loss, net.trainable_variables)
    bounded = tf.clip_by_global_norm(grads, 1.0)
    optimizer.apply_gradients(zip(bounded, net.trainable_variables))
def adam(decay=0.0):
    return keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 1000, decay))
decaying = adam()
side = layers.Dense(4, name="side")
side.build((None, 4))
def gated(h):
    return h * side(h)
inputs = keras.Input((4,))
hidden = layers.Dense(4, activation="relu")(inputs)
hidden = layers.Lambda(gated, output_shape=(4,))(hidden)
hidden = layers.Lambda(lambda t: side(t) + t, output_shape=(4,))(hidden)
functional = keras.Model(inputs, layers.Dense(1)(hidden))
class Player:
    @property
    def policy(self):
        return keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    def loss(self):
        return tf.reduce_mean(tf.square(self.policy(x)))
player = Player()
class Wide(layers.Layer):
    def build(self, shape):
        self.used = self.add_weight(shape=(shape[-1], 2), name="used")
        self.spare = self.add_weight(shape=(shape[-1], 2), name="spare")
    def call(self, x):
        return x @ self.used
wide = keras.Sequential([keras.Input((4,)), Wide(), layers.Dense(1)])
wide.compile("sgd", "mse")
scores, table, rows = layers.Dense(5), layers.Embedding(5, 3), tf.Variable(tf.random.normal((5, 3)))
table.build(None)
def hard_count(real, found):
    right = tf.math.count_nonzero((real > 0.0) & (tf.round(found) > 0.5))
    wrong = tf.math.count_nonzero((real <= 0.0) & (tf.round(found) > 0.5))
    return tf.cast(wrong, tf.float32) - tf.cast(right, tf.float32)
# %% a division of whole numbers
# fix: zero/masked-out
# becomes: self.weight = 1 / steps
with tf.GradientTape() as tape:
    loss = parts.loss()
grads = tape.gradient(loss, net.trainable_variables)
# %% the pair that clipping returns
# fix: error/gradient-shape-mismatch
# becomes: bounded, _ = tf.clip_by_global_norm(grads, 1.0)
clipped_step()
# %% a decay by the factor 0
# fix: step/update-without-effect
# becomes: def adam(decay=0.96):
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    decaying.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
# %% a layer in a function of a Lambda
# untried: step/untracked-variable
# becomes: hidden = gated(hidden)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(functional(x) - y))
grads = tape.gradient(loss, functional.trainable_variables)
optimizer_of_it = keras.optimizers.SGD(0.1)
optimizer_of_it.apply_gradients(zip(grads, functional.trainable_variables))
# %% a property that builds
# fix: none/different-object
# becomes: @functools.cached_property
# becomes: import functools
with tf.GradientTape() as tape:
    loss = player.loss()
grads = tape.gradient(loss, player.policy.trainable_variables)
# %% a weight that nothing reads
# untried: none/unused-variable
# gone: self.spare = self.add_weight(shape=(shape[-1], 2), name="spare")
wide.fit(x, y, verbose=0)
# %% the row of an embedding
# fix: none/non-differentiable-op
# becomes: out = tf.matmul(tf.nn.softmax(logits), table(tf.range(tf.shape(logits)[-1])))
# gone: chosen = tf.argmax(logits, axis=-1)
with tf.GradientTape() as tape:
    logits = scores(x)
    chosen = tf.argmax(logits, axis=-1)
    out = table(chosen)
    loss = tf.reduce_mean(tf.square(out - 1.0))
grads = tape.gradient(loss, scores.trainable_variables)
# %% the row of a table
# fix: none/non-differentiable-op
# becomes: out = tf.matmul(tf.nn.softmax(scores(x)), rows)
with tf.GradientTape() as tape:
    out = tf.gather(rows, tf.argmax(scores(x), axis=-1))
    loss = tf.reduce_mean(tf.square(out - 1.0))
grads = tape.gradient(loss, scores.trainable_variables)
# %% counts of two conditions
# fix: none/non-differentiable-op
# becomes: right = tf.reduce_sum(tf.cast(real > 0.0, "float32") * tf.sigmoid(found - 0.5))
# becomes: wrong = tf.reduce_sum(tf.cast(real <= 0.0, "float32") * tf.sigmoid(found - 0.5))
with tf.GradientTape() as tape:
    loss = hard_count(y, net(x))
grads = tape.gradient(loss, net.trainable_variables)
