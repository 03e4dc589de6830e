# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
words, span = 7, 4
writer = keras.Sequential([keras.Input((3,)), keras.layers.RepeatVector(span), keras.layers.GRU(5, return_sequences=True), keras.layers.Dense(words)])
critic = keras.Sequential([keras.Input((span, words)), keras.layers.Dense(4), keras.layers.GRU(4), keras.layers.Dense(1)])
seeds = tf.random.normal((6, 3))
def write(scores):
    rows = tf.reshape(scores, [-1, words])
    drawn = tf.random.categorical(rows, 1)
    drawn = tf.reshape(drawn, [-1, span])
    return tf.one_hot(drawn, depth=words)
def write_alike(scores):
    rows = tf.reshape(scores, [-1, words])
    return tf.one_hot(tf.reshape(tf.random.categorical(rows, 1), tf.shape(scores)[:-1]), words)
# %% rows that a line puts in order again
# fix: none/non-differentiable-op
# becomes: return tf.reshape(tf.nn.softmax(rows - tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(rows), 1e-6, 1.0 - 1e-6)))), (-1, span, words))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(critic(write(writer(seeds))))
grads = tape.gradient(loss, writer.trainable_variables)
# %% the shape is computed
# fix: none/non-differentiable-op
# becomes: return tf.reshape(tf.nn.softmax(rows - tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(rows), 1e-6, 1.0 - 1e-6)))), tf.concat([tf.shape(scores)[:-1], [words]], axis=0))
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(critic(write_alike(writer(seeds))))
grads = tape.gradient(loss, writer.trainable_variables)
# %% one column of what was drawn
# fix: none/non-differentiable-op
# becomes: pick = tf.nn.softmax(table - tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(table), 1e-6, 1.0 - 1e-6))))
table = tf.Variable(tf.random.normal((3, 5)))
with tf.GradientTape() as tape:
    pick = tf.one_hot(tf.reshape(tf.random.categorical(table, 1), [-1]), 5)
    loss = tf.reduce_sum(pick * tf.range(5.0))
slope = tape.gradient(loss, table)
