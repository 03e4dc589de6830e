import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops
keras.utils.set_random_seed(80)
embed = keras.Sequential([keras.Input((6,)), layers.Dense(16, activation="relu"), layers.Dense(4)])
optimizer = keras.optimizers.Adam(1e-3)
a, p, n = tf.random.normal((16, 6)), tf.random.normal((16, 6)), tf.random.normal((16, 6))
# %% triplet loss
for _ in range(2):
    with tf.GradientTape() as tape:
        near = tf.reduce_sum((embed(a) - embed(p)) ** 2, axis=1)
        far = tf.reduce_sum((embed(a) - embed(n)) ** 2, axis=1)
        loss = tf.reduce_mean(tf.maximum(near - far + 0.5, 0.0))
    grads = tape.gradient(loss, embed.trainable_variables)  # status: ok ok ok zero
    optimizer.apply_gradients(zip(grads, embed.trainable_variables))
# %% siamese net with contrastive loss
same = tf.cast(tf.random.uniform((16,)) > 0.5, tf.float32)
for _ in range(2):
    with tf.GradientTape() as tape:
        d = tf.sqrt(tf.maximum(tf.reduce_sum((embed(a) - embed(p)) ** 2, axis=1), 1e-7))
        loss = tf.reduce_mean(same * d ** 2 + (1 - same) * tf.maximum(1.0 - d, 0.0) ** 2)
    grads = tape.gradient(loss, embed.trainable_variables)  # status: ok ok ok zero
    optimizer.apply_gradients(zip(grads, embed.trainable_variables))
# %% SimCLR
for _ in range(2):
    with tf.GradientTape() as tape:
        z1, z2 = tf.math.l2_normalize(embed(a), axis=1), tf.math.l2_normalize(embed(a + 0.1 * p), axis=1)
        logits = tf.matmul(z1, z2, transpose_b=True) / 0.1
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(16), logits))
    optimizer.apply_gradients(zip(tape.gradient(loss, embed.trainable_variables), embed.trainable_variables))
# %% contrast with a bank of negatives and a momentum encoder
momentum = keras.models.clone_model(embed)
momentum.set_weights(embed.get_weights())
bank = tf.Variable(tf.math.l2_normalize(tf.random.normal((32, 4)), axis=1), trainable=False, name="bank")
pointer = 0
for _ in range(2):
    with tf.GradientTape() as tape:
        q = tf.math.l2_normalize(embed(a), axis=1)
        k = tf.stop_gradient(tf.math.l2_normalize(momentum(a + 0.1 * p), axis=1))
        logits = tf.concat([tf.reduce_sum(q * k, axis=1, keepdims=True), q @ tf.transpose(bank)], axis=1) / 0.07
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros((16,), tf.int32), logits))
    optimizer.apply_gradients(zip(tape.gradient(loss, embed.trainable_variables), embed.trainable_variables))
    for w, m in zip(embed.weights, momentum.weights):
        m.assign(0.99 * m + 0.01 * w)
    bank[pointer:pointer + 16].assign(k)
    pointer = (pointer + 16) % 32
# %% SimSiam
predictor = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(4)])
def similarity(x, z):
    return -tf.reduce_mean(tf.reduce_sum(tf.math.l2_normalize(x, axis=1) * tf.math.l2_normalize(tf.stop_gradient(z), axis=1), axis=1))
with tf.GradientTape() as tape:
    z1, z2 = embed(a), embed(p)
    loss = 0.5 * similarity(predictor(z1), z2) + 0.5 * similarity(predictor(z2), z1)
variables = embed.trainable_variables + predictor.trainable_variables
optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops
keras.utils.set_random_seed(81)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(32, 6)).astype("float32"), rng.normal(size=(32, 1)).astype("float32")
# %% mixed precision with loss scaling, own loop
half = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu", dtype="mixed_float16"), layers.Dense(1, dtype="float32")])
opt = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1e-3), initial_scale=1024.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((half(x) - y) ** 2)
        scaled = opt.scale_loss(loss)
    grads = tape.gradient(scaled, half.trainable_variables)
    opt.apply_gradients(zip(grads, half.trainable_variables))
# %% mixed precision, fit
half = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu", dtype="mixed_float16"), layers.Dense(1, dtype="float32")])
half.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-2), initial_scale=256.0), "mse")
half.fit(x, y, verbose=0)
# %% bfloat16 net
b16 = keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="relu", dtype="mixed_bfloat16"), layers.Dense(1, dtype="float32")])
b16.compile("adam", "mse")
b16.fit(x, y, verbose=0)
# %% tf.Module with variables in lists and dicts
class Dense(tf.Module):
    def __init__(self, n, m, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(tf.random.normal((n, m)) * 0.3, name="w")
        self.b = tf.Variable(tf.zeros(m), name="b")
    def __call__(self, x):
        return x @ self.w + self.b
class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.hidden = [Dense(6, 8, "one"), Dense(8, 8, "two")]
        self.out = {"mean": Dense(8, 1), "scale": Dense(8, 1)}
    def __call__(self, x):
        for layer in self.hidden:
            x = tf.tanh(layer(x))
        return self.out["mean"](x), tf.nn.softplus(self.out["scale"](x)) + 1e-3
net, opt = Net(), tf.keras.optimizers.Adam(1e-2)
for _ in range(3):
    with tf.GradientTape() as tape:
        mean, scale = net(x)
        loss = tf.reduce_mean(0.5 * ((y - mean) / scale) ** 2 + tf.math.log(scale))
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
# %% raw variables in a dict
params = {"w": tf.Variable(tf.random.normal((6, 1))), "b": tf.Variable(0.0)}
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ params["w"] + params["b"] - y) ** 2)
    grads = tape.gradient(loss, params)
    for name in params:
        params[name].assign_sub(0.1 * grads[name])
# %% keras ops only
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.w = self.add_weight(shape=(6, 4), initializer="glorot_uniform", name="w")
        self.v = self.add_weight(shape=(4, 1), initializer="glorot_uniform", name="v")
    def call(self, x):
        return ops.matmul(ops.silu(ops.matmul(x, self.w)), self.v)
net, opt = Net(), keras.optimizers.Lion(1e-3)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = ops.mean(ops.square(net(x) - y))
    opt.apply(tape.gradient(loss, net.trainable_variables), net.trainable_variables)
# %% quantised weights with a straight-through gradient
@tf.custom_gradient
def quantise(w):
    return tf.round(w * 8.0) / 8.0, lambda dy: dy
class Quantised(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 1), name="w")
    def call(self, x):
        return x @ quantise(tf.convert_to_tensor(self.w))
net = keras.Sequential([keras.Input((6,)), layers.Dense(4, activation="relu"), Quantised()])
net.compile("sgd", "mse")
net.fit(x, y, epochs=2, verbose=0)
# %% spectral normalization
net = keras.Sequential([keras.Input((6,)), layers.SpectralNormalization(layers.Dense(8)), layers.LeakyReLU(), layers.Dense(1)])
net.compile("adam", "mse")
net.fit(x, y, epochs=1, verbose=0)
# %% one replica of a mirrored strategy
strategy = tf.distribute.MirroredStrategy(["CPU:0"])
with strategy.scope():
    net = keras.Sequential([keras.Input((6,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    opt = keras.optimizers.SGD(0.01)
    opt.build(net.trainable_variables)
data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(16))
@tf.function
def step(batch):
    def replica(xb, yb):
        with tf.GradientTape() as tape:
            loss = tf.nn.compute_average_loss((net(xb)[:, 0] - yb[:, 0]) ** 2, global_batch_size=16)
        grads = tape.gradient(loss, net.trainable_variables)
        opt.apply_gradients(zip(grads, net.trainable_variables))
        return loss
    return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(replica, args=batch), axis=None)
for batch in data:
    print(float(step(batch)))
# %% minimize with a function
w = tf.Variable([1.0, -2.0], name="w")
opt = keras.optimizers.SGD(0.1)
for _ in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((w - 3.0) ** 2)
    opt.apply_gradients([(tape.gradient(loss, w), w)])
# %% a hand-written optimizer that wants NumPy
def minimize(fun, start, steps, rate):
    for _ in range(steps):
        value, slope = fun(start)
        start = start - rate * slope
    return start, value
def value_and_gradient(w):
    wt = tf.constant(w)
    with tf.GradientTape() as tape:
        tape.watch(wt)
        loss = tf.reduce_mean((tf.linalg.matvec(tf.constant(x, tf.float64), wt) - y[:, 0]) ** 2)
    return loss.numpy(), tape.gradient(loss, wt).numpy()
solution, value = minimize(value_and_gradient, np.zeros(6), 5, 0.1)
# %% until it converges, to a gradient that is nearly zero
w = tf.Variable(3.0, name="w")
for step in range(60):
    with tf.GradientTape() as tape:
        loss = (w - 1.0) ** 2
    g = tape.gradient(loss, w)
    w.assign_sub(0.2 * g)
    if abs(float(g)) < 1e-4:
        break
# %% plain NumPy
weights = rng.normal(size=(6, 1))
for _ in range(5):
    error = x @ weights - y
    weights -= 0.1 * x.T @ error / len(x)
print(float((error ** 2).mean()))
# %% a plot
import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.scatter(x[:, 0], y[:, 0])
plt.close(fig)
# %% a class and a function, nothing run
class Later(keras.layers.Layer):
    def call(self, x):
        return tf.stop_gradient(x)
def train(model):
    with tf.GradientTape() as tape:
        loss = model(x)
    return tape.gradient(loss, model.trainable_variables)
# %% a model built and summarised
net = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dense(1)])
net.summary(print_fn=lambda line: None)
print(net.count_params(), net.predict(x, verbose=0).shape)
# %% metrics and a confusion matrix
predicted = tf.argmax(tf.random.normal((32, 3)), axis=1)
matrix = tf.math.confusion_matrix(tf.constant(rng.integers(0, 3, 32)), predicted, num_classes=3)
print(matrix.numpy())
# %% a function tested with assertions
def loss(w, data):
    return tf.reduce_mean((tf.linalg.matvec(data, w) - 1.0) ** 2)
v = tf.Variable(tf.ones(6))
with tf.GradientTape() as tape:
    value = loss(v, tf.constant(x))
g = tape.gradient(value, v)
eps = 1e-2
numeric = [(float(loss(v + eps * np.eye(6, dtype="float32")[i], tf.constant(x))) - float(loss(v - eps * np.eye(6, dtype="float32")[i], tf.constant(x)))) / (2 * eps) for i in range(6)]
assert np.allclose(g.numpy(), numeric, atol=1e-2)
# %% embeddings of words that this batch does not have
table = layers.Embedding(100, 4)
net = keras.Sequential([keras.Input((3,)), table, layers.Flatten(), layers.Dense(1)])
net.compile("adam", "mse")
net.fit(rng.integers(0, 10, (32, 3)), y, verbose=0)
