import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
recurrent = tf.Variable(0.3 * tf.eye(6), name="recurrent")
start = tf.Variable(tf.ones((1, 6)), name="start")
# %% a recurrence of forty steps
with tf.GradientTape() as tape:
    state = start
    for _ in range(40):
        state = tf.tanh(state @ recurrent + 0.1)  # expect: scale/vanishing-through-depth
    loss = tf.reduce_sum(tf.square(state - 1.0))
grads = tape.gradient(loss, [start, recurrent])
# %% sigmoids, layer by layer
layers = [tf.Variable(0.3 * tf.random.normal((6, 6), seed=i), name=f"k{i}") for i in range(25)]
with tf.GradientTape() as tape:
    h = tf.ones((4, 6))
    for k in layers:
        h = tf.sigmoid(h @ k)  # expect: scale/vanishing-through-depth
    loss = tf.reduce_sum(tf.square(h - 1.0))
grads = tape.gradient(loss, layers)
# %% near: with residual connections
with tf.GradientTape() as tape:
    state = start
    for _ in range(40):
        state = state + 0.1 * tf.tanh(state @ recurrent + 0.1)
    loss = tf.reduce_sum(tf.square(state - 1.0))
grads = tape.gradient(loss, [start, recurrent])
# %% deep sigmoids, fit
deep = keras.Sequential([keras.Input((16,))])
for i in range(10):
    deep.add(keras.layers.Dense(16, activation="sigmoid", kernel_initializer="random_normal"))  # expect: scale/vanishing-through-depth
deep.add(keras.layers.Dense(4))
deep.compile("sgd", "mse")
deep.fit(tf.random.normal((32, 16)), tf.random.uniform((32, 4)), verbose=0)
# allow: step/update-without-effect
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
x, y = tf.constant([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), tf.constant([[0.0], [1.0], [1.0], [0.0]])
def made(*widths):
    pairs = list(zip(widths, widths[1:]))
    return [tf.Variable(tf.random.uniform(pair, -1.0, 1.0), name=f"weight{i}") for i, pair in enumerate(pairs)], [tf.Variable(tf.zeros((n,)), name=f"bias{i}") for i, (_, n) in enumerate(pairs)]
def trained(weights, biases, activation):
    for step in range(4):
        with tf.GradientTape() as tape:
            h = x
            for w, b in zip(weights[:-1], biases[:-1]):
                h = activation(h @ w + b)  # expect: scale/vanishing-through-depth
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, h @ weights[-1] + biases[-1]))
        grads = tape.gradient(loss, weights)
        for w, g in zip(weights, grads):
            w.assign_sub(0.1 * g)
# %% nine hidden layers of sigmoids, which get less and less
# allow: step/untracked-variable
# expect setup
trained(*made(2, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1), tf.sigmoid)
# %% near: three hidden layers of sigmoids
# allow: step/untracked-variable
trained(*made(2, 5, 5, 5, 1), tf.sigmoid)
# %% near: nine hidden layers of leaky relu
# allow: step/untracked-variable
weights, biases = made(2, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1)
for w in weights:
    w.assign(1.3 * w)
trained(weights, biases, tf.nn.leaky_relu)
# %% near: blocks whose scale begins at next to nothing
blocks = [(tf.Variable(tf.random.normal((5, 5), stddev=0.4), name=f"kernel{i}"), tf.Variable(1e-6 * tf.ones((5,)), name=f"scale{i}")) for i in range(8)]
first, last = tf.Variable(tf.random.normal((2, 5)), name="first"), tf.Variable(tf.random.normal((5, 1)), name="last")
every = [first, *(v for block in blocks for v in block), last]
optimizer = keras.optimizers.Adam(1e-3)
for step in range(3):
    with tf.GradientTape() as tape:
        h = x @ first
        for kernel, scale in blocks:
            h = h + scale * tf.nn.gelu(h @ kernel)
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, h @ last))
    optimizer.apply_gradients(zip(tape.gradient(loss, every), every))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(31)
points = tf.random.uniform((16, 2), -1.0, 1.0)
sums = tf.reduce_sum(points, -1, keepdims=True)
tiny = keras.initializers.RandomNormal(0.0, 1e-3, seed=1)
def network(start, *between):
    net = keras.Sequential([keras.Input((2,))])
    for _ in range(2):
        net.add(keras.layers.Dense(12, kernel_initializer=start))
        for make in between:
            net.add(make())
        net.add(keras.layers.Activation("relu"))
    net.add(keras.layers.Dense(1, kernel_initializer=start))
    return net
def train(net):
    optimizer = keras.optimizers.SGD(0.01)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(points, training=True) - sums - 0.5) ** 2)
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return grads
first = tf.Variable(tiny((2, 12)), name="first")
second = tf.Variable(tiny((12, 12)), name="second")
third = tf.Variable(tiny((12, 1)), name="third")
offsets = [tf.Variable(tf.zeros(n), name=f"offset_{n}_{i}") for i, n in enumerate((12, 12, 1))]
def by_hand(x):
    h = tf.nn.relu(x @ first + offsets[0])
    h = tf.nn.relu(h @ second + offsets[1])  # expect: scale/vanishing-through-depth
    return h @ third + offsets[2]  # also: scale/vanishing-through-depth
# %% weights of a thousandth
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((by_hand(points) - sums - 0.5) ** 2)
grads = tape.gradient(loss, [first, second, third, *offsets])  # status: vanishing vanishing vanishing vanishing ok|vanishing ok
# %% layers of Keras
net = keras.Sequential([keras.Input((2,))])  # also: scale/vanishing-through-depth
net.add(keras.layers.Dense(12, "tanh", kernel_initializer=tiny))  # also: scale/vanishing-through-depth
net.add(keras.layers.Dense(12, "tanh", kernel_initializer=tiny))  # expect: scale/vanishing-through-depth
net.add(keras.layers.Dense(1, kernel_initializer=tiny))  # also: scale/vanishing-through-depth
net.compile("sgd", "mse")
net.fit(points, sums + 0.5, verbose=0)
# %% near: weights of the usual size
grads = train(network("glorot_uniform"))
# %% near: small weights, as an old hand begins with
grads = train(network(keras.initializers.RandomNormal(0.0, 0.05)))
# %% near: tiny weights that a normalisation makes up for
grads = train(network(tiny, keras.layers.BatchNormalization))
# %% near: a last layer that begins with next to nothing
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(12, "relu"), keras.layers.Dense(12, "relu"), keras.layers.Dense(1, kernel_initializer=tiny)])
grads = train(net)
# %% near: weights that are held small
net = network("glorot_uniform")
for kernel in net.trainable_variables:
    kernel.assign(tf.clip_by_value(kernel, -0.01, 0.01))
grads = train(net)
# %% near: a vector beside the layers, which is no bias of theirs, gets a large gradient
net, shares = network(keras.initializers.RandomNormal(0.0, 0.02, seed=3)), tf.Variable([1.0, 1.5], name="shares")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(points) - sums - 0.5) ** 2) + 1e3 * tf.reduce_sum((shares - 2.0) ** 2)
grads = tape.gradient(loss, [*net.trainable_variables, shares])
