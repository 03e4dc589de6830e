# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(15)
rows = tf.random.normal((40, 5))
sick = tf.cast(tf.reduce_sum(rows, axis=1, keepdims=True) > 0.0, tf.int32)
species = tf.random.uniform((40,), 0, 3, tf.int32)
risk = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, activation="sigmoid")])
scores = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
# %% an F-measure of rounded probabilities
# fix: none/non-differentiable-op
# becomes: hits = tf.reduce_sum(tf.cast(tf.equal(truth, 1), tf.float32) * p)
# becomes: missed = tf.reduce_sum(tf.cast(tf.equal(truth, 1), tf.float32) * (1.0 - p))
# becomes: alarms = tf.reduce_sum(tf.cast(truth == 0, tf.float32) * p)
# gone: guess = tf.round(p)
def f_measure(truth, p):
    guess = tf.round(p)
    hits = tf.reduce_sum(tf.cast(tf.logical_and(tf.equal(truth, 1), tf.equal(guess, 1)), tf.float32))
    missed = tf.reduce_sum(tf.cast(tf.logical_and(tf.equal(truth, 1), tf.equal(guess, 0)), tf.float32))
    alarms = tf.reduce_sum(tf.cast((truth == 0) & (guess == 1), tf.float32))
    return 2.0 * hits / (2.0 * hits + missed + alarms)
with tf.GradientTape() as tape:
    cost = 1.0 - f_measure(sick, risk(rows))
grads = tape.gradient(cost, risk.trainable_variables)
# %% the share of one class among the chosen ones
# fix: none/non-differentiable-op
# becomes: shares = tf.nn.softmax(scores(rows), axis=-1)
# becomes: found = tf.cast(species == 2, tf.float32) * shares[..., 2]
# becomes: cost = 1.0 - tf.reduce_sum(found) / tf.reduce_sum(shares[..., 2])
with tf.GradientTape() as tape:
    chosen = tf.cast(tf.argmax(scores(rows), axis=-1), tf.int32)
    found = tf.cast((species == 2) & (chosen == 2), tf.float32)
    cost = 1.0 - tf.reduce_sum(found) / tf.reduce_sum(tf.cast(chosen == 2, tf.float32))
grads = tape.gradient(cost, scores.trainable_variables)
# %% an overlap for each class
# fix: none/non-differentiable-op
# becomes: there = shares[..., c]
# becomes: either = tf.reduce_sum(1.0 - (1.0 - tf.cast(here, tf.float32)) * (1.0 - there))
with tf.GradientTape() as tape:
    best = tf.argmax(scores(rows), axis=1)
    overlaps = []
    for c in range(3):
        here = species == c
        there = tf.equal(best, c)
        both = tf.reduce_sum(tf.cast(here & there, tf.float32))
        either = tf.reduce_sum(tf.cast(here | there, tf.float32))
        overlaps.append(both / (either + 1e-6))
    cost = 1.0 - tf.add_n(overlaps) / 3.0
grads = tape.gradient(cost, scores.trainable_variables)
# %% what a wrong class costs
# fix: none/non-differentiable-op
# becomes: cost = tf.reduce_mean(tf.reduce_sum(tf.gather(prices, species) * tf.nn.softmax(scores(rows), axis=-1), axis=-1))
prices = tf.constant([[0.0, 2.0, 9.0], [1.0, 0.0, 4.0], [3.0, 1.0, 0.0]])
with tf.GradientTape() as tape:
    named = tf.argmax(scores(rows), axis=-1, output_type=tf.int32)
    cost = tf.reduce_mean(tf.gather_nd(prices, tf.stack([species, named], axis=-1)))
grads = tape.gradient(cost, scores.trainable_variables)
# %% near: a count of right answers has the labels on the other side
# fix: none/non-differentiable-op
# becomes: cost = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(species, scores(rows), from_logits=True))
with tf.GradientTape() as tape:
    best = tf.argmax(scores(rows), axis=-1, output_type=tf.int32)
    cost = 1.0 - tf.reduce_mean(tf.cast(tf.equal(best, species), tf.float32))
grads = tape.gradient(cost, scores.trainable_variables)
# %% near: a class is looked up for something else
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    best = tf.argmax(scores(rows), axis=-1, output_type=tf.int32)
    cost = tf.reduce_mean(tf.cast(best % 2 == 1, tf.float32))
grads = tape.gradient(cost, scores.trainable_variables)
