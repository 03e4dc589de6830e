# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
leaves = tf.random.normal((24, 4))
species = tf.random.uniform((24,), maxval=3, dtype=tf.int32)
one_hot = tf.one_hot(species, 3)
sick = tf.cast(tf.random.uniform((24, 1)) > 0.5, tf.float32)
raw = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
sure = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
chance = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
def error_rate(y_true, y_pred):
    wrong = tf.not_equal(tf.argmax(y_true, 1), tf.argmax(y_pred, 1))
    return tf.reduce_mean(tf.cast(wrong, tf.float32))
def misses(y_true, y_pred):
    hit = tf.equal(tf.cast(tf.squeeze(y_true, 1), tf.int64), tf.argmax(y_pred, axis=-1))
    # of all
    return 1.0 - tf.reduce_mean(tf.cast(hit, tf.float32))
careful = keras.models.clone_model(sure)
sure.compile("sgd", error_rate)
careful.compile("sgd", misses)
# %% answers in a line of their own
# fix: none/non-differentiable-op
# gone: guess = tf.argmax(raw(leaves), axis=1)
# becomes: loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(species, raw(leaves), from_logits=True))
with tf.GradientTape() as tape:
    guess = tf.argmax(raw(leaves), axis=1)
    loss = tf.reduce_mean(tf.cast(tf.not_equal(guess, tf.cast(species, tf.int64)), tf.float32))
grads = tape.gradient(loss, raw.trainable_variables)
# %% answers that are shown as well
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(species, scores))
with tf.GradientTape() as tape:
    scores = sure(leaves)
    right = tf.cast(tf.argmax(scores, axis=1, output_type=tf.int32) == species, tf.float32)
    accuracy = tf.reduce_mean(right)
    loss = 1.0 - accuracy
grads = tape.gradient(loss, sure.trainable_variables)
print(float(accuracy))
# %% a loss of compile, one-hot labels
# fix: none/non-differentiable-op
# gone: wrong = tf.not_equal(tf.argmax(y_true, 1), tf.argmax(y_pred, 1))
# becomes: return tf.reduce_mean(keras.losses.categorical_crossentropy(y_true, y_pred))
sure.fit(leaves, one_hot, verbose=0)
# %% a loss of compile that is negated in another line
# fix: none/non-differentiable-op
# gone: hit = tf.equal(tf.cast(tf.squeeze(y_true, 1), tf.int64), tf.argmax(y_pred, axis=-1))
# becomes: return tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(tf.squeeze(y_true, 1), y_pred))
careful.fit(leaves, species[:, None], verbose=0)
# %% two classes, rounded
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_mean(keras.losses.binary_crossentropy(sick, risk))
with tf.GradientTape() as tape:
    risk = chance(leaves)
    answer = tf.round(risk)
    loss = -tf.reduce_sum(tf.cast(tf.equal(answer, sick), tf.float32)) / len(leaves)
grads = tape.gradient(loss, chance.trainable_variables)
# %% two classes, above a threshold
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_mean(keras.losses.binary_crossentropy(sick, risk))
with tf.GradientTape() as tape:
    risk = chance(leaves)
    loss = tf.reduce_mean(tf.cast(tf.cast(risk > 0.5, tf.float32) != sick, tf.float32)) * 100.0
grads = tape.gradient(loss, chance.trainable_variables)
# %% a metric that is updated first
# fix: none/state-assignment
# becomes: loss = tf.reduce_mean(keras.losses.binary_crossentropy(sick, chance(leaves)))
counter = keras.metrics.BinaryAccuracy()
with tf.GradientTape() as tape:
    counter.update_state(sick, chance(leaves))
    loss = 1.0 - counter.result()
grads = tape.gradient(loss, chance.trainable_variables)
# %% near: right answers are taken away from another loss
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    hits = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(raw(leaves), 1, output_type=tf.int32), species), tf.float32))
    loss = tf.reduce_mean(leaves**2) - hits
grads = tape.gradient(loss, raw.trainable_variables)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
seen = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
wanted = np.eye(3, dtype="float32")[np.random.default_rng(1).integers(0, 3, 24)]
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
sure_net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
def miss_rate(a, b):
    return 1.0 - tf.reduce_mean(tf.cast(tf.equal(tf.argmax(a, -1), tf.argmax(b, -1)), tf.float32))
@tf.function
def train_step(a, b):
    with tf.GradientTape() as tape:
        o = sure_net(b)
        hit = tf.argmax(a, 1) == tf.argmax(o, 1)
        loss = -tf.reduce_mean(tf.cast(hit, tf.float32))
    return tape.gradient(loss, sure_net.trainable_variables)
# %% both sides are choices, and their names say nothing: the scores are the ones that the gradient ends at
# fix: none/non-differentiable-op
# becomes: return tf.reduce_mean(keras.losses.categorical_crossentropy(a, b, from_logits=True))
with tf.GradientTape() as tape:
    loss = miss_rate(wanted, net(seen))
grads = tape.gradient(loss, net.trainable_variables)
# %% the loss is asked for its gradient in the line that returns it
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_mean(keras.losses.categorical_crossentropy(a, o))
# gone: hit = tf.argmax(a, 1) == tf.argmax(o, 1)
grads = train_step(wanted, seen)
