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
