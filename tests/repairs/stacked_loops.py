# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(5)
x = tf.random.normal((5, 4), seed=1)
queries, keys = keras.layers.Dense(3), keras.layers.Dense(3)
queries.build((None, 4))
keys.build((None, 4))
mu, rho = tf.Variable(0.0, name="mu"), tf.Variable(-1.0, name="rho")
def scores_of(q, k):
    scores = np.zeros((5, 5), "float32")
    for i in range(5):
        for j in range(5):
            scores[i, j] = tf.reduce_sum(q[i] * k[j])
    return tf.nn.softmax(scores)
# %% two loops in a function
# fix: none/left-tensorflow
# becomes: scores = []
# becomes: row = []
# becomes: row.append(tf.reduce_sum(q[i] * k[j]))
# becomes: scores.append(row)
# becomes: return tf.nn.softmax(tf.stack(scores))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.matmul(scores_of(queries(x), keys(x)), x) ** 2)
grads = tape.gradient(loss, queries.trainable_variables + keys.trainable_variables)
# %% index behind index
# fix: none/left-tensorflow
# becomes: row.append(queries(x)[a, 0] * x[b, 1])
# becomes: loss = tf.reduce_mean(tf.stack(table) ** 2)
with tf.GradientTape() as tape:
    table = np.zeros((2, 3), dtype="float32")
    for a in range(2):
        for b in range(3):
            table[a][b] = queries(x)[a, 0] * x[b, 1]
    loss = tf.reduce_mean(tf.constant(table) ** 2)
grads = tape.gradient(loss, queries.trainable_variables)
# %% one loop
# fix: none/left-tensorflow
# becomes: sums.append(tf.reduce_sum(queries(x)[i]))
with tf.GradientTape() as tape:
    sums = np.zeros(4, "float32")
    for i in range(4):
        sums[i] = tf.reduce_sum(queries(x)[i])
    loss = tf.reduce_mean(tf.convert_to_tensor(sums) ** 2)
grads = tape.gradient(loss, queries.trainable_variables)
# %% not every entry is written
# fix: none/left-tensorflow
# becomes: sums = [0.0] * 4
# becomes: sums = tf.stack(sums)
with tf.GradientTape() as tape:
    sums = np.zeros(4, "float32")
    for i in range(4):
        if i != 2:
            sums[i] = tf.reduce_sum(queries(x)[i])
    loss = tf.reduce_mean(tf.convert_to_tensor(sums) ** 2)
grads = tape.gradient(loss, queries.trainable_variables)
# %% the array is read in the loop
# fix: none/left-tensorflow
# becomes: sums = [0.0] * 4
# becomes: sums = tf.stack(sums)
with tf.GradientTape() as tape:
    sums = np.zeros(4, "float32")
    for i in range(4):
        sums[i] = tf.reduce_sum(queries(x)[i]) + sums[i - 1]
    loss = tf.reduce_mean(tf.convert_to_tensor(sums) ** 2)
grads = tape.gradient(loss, queries.trainable_variables)
# %% a number of draws
# fix: none/left-tensorflow
# becomes: z = mu + tf.nn.softplus(rho) * tf.random.normal((20,))
with tf.GradientTape() as tape:
    z = np.random.normal(mu, tf.nn.softplus(rho), 20)
    loss = tf.reduce_mean((z - 1.0) ** 2)
grads = tape.gradient(loss, [mu, rho])
# %% a longer array than the loop fills, whose other elements stay 0
# fix: none/left-tensorflow
# becomes: sums = [0.0] * 6
# becomes: sums = tf.stack(sums)
with tf.GradientTape() as tape:
    sums = np.zeros(6, "float32")
    for i in range(4):
        sums[i] = tf.reduce_sum(queries(x)[i])
    loss = tf.reduce_mean(tf.convert_to_tensor(sums) ** 2)
grads = tape.gradient(loss, queries.trainable_variables)
