# %% setup
import tensorflow as tf
tf.random.set_seed(0)
x, y = tf.random.normal((16, 3), seed=1), tf.random.normal((16, 1), seed=2)
widths = [3, 6, 6, 6, 6, 6, 6, 6, 6, 6, 1]
kernels = [tf.Variable(tf.random.uniform(pair, -1.0, 1.0, seed=i), name=f"k{i}") for i, pair in enumerate(zip(widths, widths[1:]))]
biases = [tf.Variable(tf.zeros(n), name=f"b{i}") for i, n in enumerate(widths[1:])]
w1, w2, w3, w4, w5, w6, w7, w8, w9, w10 = kernels
def layer_by_layer(h):
    for w, b in zip(kernels[:-1], biases[:-1]):
        h = tf.sigmoid(tf.matmul(h, w) + b)
    return tf.matmul(h, kernels[-1]) + biases[-1]
def written_out(h):
    h1 = tf.nn.sigmoid(h @ w1)
    h2 = tf.nn.sigmoid(h1 @ w2)
    h3 = tf.nn.sigmoid(h2 @ w3)
    h4 = tf.nn.sigmoid(h3 @ w4)
    h5 = tf.nn.sigmoid(h4 @ w5)
    h6 = tf.nn.sigmoid(h5 @ w6)
    h7 = tf.nn.sigmoid(h6 @ w7)
    h8 = tf.nn.sigmoid(h7 @ w8)
    h9 = tf.nn.sigmoid(h8 @ w9)
    return h9 @ w10
# %% in a loop over the weights
# fix: scale/vanishing-through-depth
# becomes: h = tf.nn.leaky_relu(tf.matmul(h, w) + b)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(layer_by_layer(x) - y))
grads = tape.gradient(loss, kernels)
# %% line by line
# fix: scale/vanishing-through-depth
# becomes: h1 = tf.nn.leaky_relu(h @ w1)
# becomes: h9 = tf.nn.leaky_relu(h8 @ w9)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(written_out(x) - y))
grads = tape.gradient(loss, kernels)
# %% by an index
# fix: scale/vanishing-through-depth
# becomes: h = tf.nn.leaky_relu(h @ kernels[i])
with tf.GradientTape() as tape:
    h = x
    for i in range(9):
        h = tf.sigmoid(h @ kernels[i])
    loss = tf.reduce_mean(tf.square(h @ kernels[9] - y))
grads = tape.gradient(loss, kernels)
# %% near: a recurrence
# fix: scale/vanishing-through-depth
# gone: state = tf.nn.leaky_relu(steps[t] + state @ again)
# becomes: state = state + 0.1 * tf.sigmoid(steps[t] + state @ again)
again, begin, steps = tf.Variable(0.3 * tf.eye(4)), tf.Variable(tf.ones((1, 4))), tf.random.normal((30, 1, 4), seed=3)
with tf.GradientTape() as tape:
    state = begin
    for t in range(30):
        state = tf.sigmoid(steps[t] + state @ again)
    loss = tf.reduce_sum(tf.square(state))
grads = tape.gradient(loss, [begin, again])
