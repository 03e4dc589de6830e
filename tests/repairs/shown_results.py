# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6, activation="tanh")])
head = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
optimizer = keras.optimizers.SGD(0.1)
x, y = tf.random.normal((8, 6)), tf.random.normal((8, 2))
def shifted(x, by):
    moved = x + 0.1 * by
    return tf.clip_by_value(moved, -3.0, 3.0)
def similarity(x, code):
    norms = tf.norm(x, axis=1) * tf.norm(code, axis=1)
    return tf.reduce_sum(x * code, axis=1) / norms
def step(x, y):
    with tf.GradientTape() as tape:
        offsets = encoder(x)
        aligned = shifted(x, offsets)
        loss = tf.reduce_mean((head(x) - y) ** 2)
    weights = encoder.trainable_variables + head.trainable_variables
    grads = tape.gradient(loss, weights)
    optimizer.apply_gradients(zip(grads, weights))
    return loss, aligned
class Aligner:
    def __init__(self):
        self.seen = []
    def moved(self, x):
        return shifted(x, encoder(x))
    def learn(self, x, y):
        with tf.GradientTape() as tape:
            registered = self.moved(x)
            predictions = head(x)
            loss = tf.reduce_mean((predictions - y) ** 2)
        self.seen.append(tf.reduce_mean(registered))
        return tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)
def watched(x, y):
    with tf.GradientTape() as tape:
        agreement = similarity(x, encoder(x))
        loss = tf.reduce_mean((head(x) - y) ** 2)
    print(float(agreement[0]))
    return tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)
# %% a result that is returned beside the loss
for _ in range(2):
    loss, aligned = step(x, y)
# fix: none/discarded-result
# becomes: loss = tf.reduce_mean((head(aligned) - y) ** 2)
# %% a method's result that is kept to be looked at
Aligner().learn(x, y)
# fix: none/discarded-result
# becomes: predictions = head(registered)
# %% in the cell, printed behind the block
noisy = x + 0.1
with tf.GradientTape() as tape:
    field = encoder(noisy)
    warped = shifted(noisy, field)
    out = head(noisy)
    loss = tf.reduce_mean((out - y) ** 2)
grads = tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)
print(float(tf.reduce_max(warped)))
# fix: none/discarded-result
# becomes: out = head(warped)
# %% a measure of another shape is no input
watched(x, y)
# none: none/discarded-result
