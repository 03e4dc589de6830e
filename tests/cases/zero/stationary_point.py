import tensorflow as tf
x = tf.Variable(0.0, name="x")
y = tf.Variable(0.5, name="y")
# %% the minimum
with tf.GradientTape() as tape:
    loss = x * x  # expect: zero/stationary-point
grad = tape.gradient(loss, x)
# %% square
with tf.GradientTape() as tape:
    loss = tf.square(x)  # expect: zero/stationary-point
grad = tape.gradient(loss, x)
# %% near: beside it
with tf.GradientTape() as tape:
    loss = y * y
grad = tape.gradient(loss, y)
# %% near: linear at zero
with tf.GradientTape() as tape:
    loss = 3.0 * x
grad = tape.gradient(loss, x)
# %% near: a minimum that training reached
place = tf.Variable(3.0, name="place")
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.square(place - 1.0)  # note: zero/stationary-point
    grad = tape.gradient(loss, place)  # status: zero
    place.assign_sub(0.5 * grad)
# %% straight through, and nothing is stopped
logits = tf.Variable([[0.3, 0.1, -0.2]], name="logits")
values = tf.Variable([[1.0], [2.0], [4.0]], name="values")
with tf.GradientTape() as tape:
    soft = tf.nn.softmax(logits)
    hard = tf.cast(soft >= tf.reduce_max(soft), tf.float32)
    code = hard - soft + soft  # expect: zero/stationary-point
    loss = tf.reduce_sum(code @ values)
grads = tape.gradient(loss, [logits, values])  # status: zero ok
# %% near: straight through
logits = tf.Variable([[0.3, 0.1, -0.2]], name="logits")
values = tf.Variable([[1.0], [2.0], [4.0]], name="values")
with tf.GradientTape() as tape:
    soft = tf.nn.softmax(logits)
    hard = tf.cast(soft >= tf.reduce_max(soft), tf.float32)
    code = tf.stop_gradient(hard - soft) + soft
    loss = tf.reduce_sum(code @ values)
grads = tape.gradient(loss, [logits, values])
# %% near: the bias of twins whose difference is the loss
bias = tf.Variable([0.2, 0.1], name="bias")
kernel = tf.Variable([[1.0, 2.0]], name="kernel")
with tf.GradientTape() as tape:
    one, two = tf.constant([[1.0]]) @ kernel + bias, tf.constant([[3.0]]) @ kernel + bias
    loss = tf.reduce_sum((one - two) ** 2)
grads = tape.gradient(loss, [kernel, bias])  # status: ok zero
# %% the sum of a softmax is always 1
logits = tf.Variable([[0.5, 0.5]], name="logits")
bias = tf.Variable([0.1], name="bias")
with tf.GradientTape() as tape:
    share = tf.nn.softmax(logits * 2.0)
    loss = (tf.reduce_sum(share) + bias - 3.0) ** 2  # expect: zero/stationary-point
grads = tape.gradient(loss, [logits, bias])  # status: zero ok
# %% two terms cancel beside one that is cut away
v = tf.Variable([1.0, 2.0], name="v")
with tf.GradientTape() as tape:
    h = v * 1.0  # also: zero/stationary-point
    joined = tf.concat([3.0 * tf.ones((2,)), h], 0)[:2]
    loss = tf.reduce_sum(joined + 2.0 * h - 2.0 * h)  # expect: zero/stationary-point
grad = tape.gradient(loss, v)
# %% a mean over an axis of length 1 is the value itself
features = tf.constant([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]])
kernel = tf.Variable([[0.3], [0.1]], name="kernel")
wanted = tf.constant([[1.0], [0.0], [2.0]])
with tf.GradientTape() as tape:
    predicted = features @ kernel
    centred = predicted - tf.reduce_mean(predicted, axis=-1, keepdims=True)  # expect: zero/stationary-point
    loss = 1.0 - tf.reduce_sum(wanted * centred)
grad = tape.gradient(loss, kernel)  # status: zero
# %% standardised over an axis of length 1
features = tf.constant([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]])
kernel = tf.Variable([[0.3], [0.1]], name="kernel")
with tf.GradientTape() as tape:
    predicted = features @ kernel
    scale = tf.math.reduce_std(predicted, axis=1, keepdims=True) + 1e-6
    centred = predicted - tf.reduce_mean(predicted, axis=1, keepdims=True)  # expect: zero/stationary-point
    loss = tf.reduce_mean((centred / scale - 1.0) ** 2)
grad = tape.gradient(loss, kernel)  # status: zero
# %% near: the mean over the examples
features = tf.constant([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]])
kernel = tf.Variable([[0.3], [0.1]], name="kernel")
wanted = tf.constant([[1.0], [0.0], [2.0]])
with tf.GradientTape() as tape:
    predicted = features @ kernel
    centred = predicted - tf.reduce_mean(predicted, axis=0, keepdims=True)
    loss = 1.0 - tf.reduce_sum(wanted * centred)
grad = tape.gradient(loss, kernel)
# %% near: a mean over an axis of length 1 beside the value
features = tf.constant([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]])
kernel = tf.Variable([[0.3], [0.1]], name="kernel")
with tf.GradientTape() as tape:
    predicted = features @ kernel
    centred = predicted - tf.reduce_mean(predicted, axis=1, keepdims=True)
    loss = tf.reduce_mean(tf.square(predicted - 1.0) + centred)
grad = tape.gradient(loss, kernel)
# %% an instance normalisation of a single pixel
def normalised(values):
    mean, variance = tf.nn.moments(values, axes=[1, 2], keepdims=True)
    return (values - mean) / tf.sqrt(variance + 1e-5)  # expect: zero/stationary-point
picture = tf.random.stateless_normal((2, 1, 1, 3), seed=[1, 2])
inner = tf.Variable(tf.random.stateless_normal((3, 3), seed=[3, 4]), name="inner")
outer = tf.Variable(tf.random.stateless_normal((2, 2, 4, 3), seed=[5, 6]), name="outer")
bias = tf.Variable(0.5, name="bias")
with tf.GradientTape() as tape:
    bottleneck = tf.nn.leaky_relu(normalised(picture @ inner))
    wide = tf.nn.relu(normalised(tf.nn.conv2d_transpose(bottleneck, outer, (2, 2, 2, 4), 2)))
    loss = tf.reduce_mean(tf.abs(wide + bias - 1.0))
grads = tape.gradient(loss, [inner, outer, bias])  # status: zero zero ok
# %% near: an instance normalisation of four pixels
def normalised(values):
    mean, variance = tf.nn.moments(values, axes=[1, 2], keepdims=True)
    return (values - mean) / tf.sqrt(variance + 1e-5)
picture = tf.random.stateless_normal((2, 2, 2, 3), seed=[1, 2])
inner = tf.Variable(tf.random.stateless_normal((3, 3), seed=[3, 4]), name="inner")
outer = tf.Variable(tf.random.stateless_normal((2, 2, 4, 3), seed=[5, 6]), name="outer")
with tf.GradientTape() as tape:
    bottleneck = tf.nn.leaky_relu(normalised(picture @ inner))
    wide = tf.nn.relu(normalised(tf.nn.conv2d_transpose(bottleneck, outer, (2, 4, 4, 4), 2)))
    loss = tf.reduce_mean(tf.abs(wide - 1.0))
grads = tape.gradient(loss, [inner, outer])
# %% near: the mean and the variance of a single pixel are used besides
picture = tf.random.stateless_normal((2, 1, 1, 3), seed=[1, 2])
inner = tf.Variable(tf.random.stateless_normal((3, 3), seed=[3, 4]), name="inner")
with tf.GradientTape() as tape:
    mean, variance = tf.nn.moments(picture @ inner, axes=[1, 2], keepdims=True)
    loss = tf.reduce_mean((picture @ inner - mean) / tf.sqrt(variance + 1e-5) + tf.square(mean - 1.0))
grad = tape.gradient(loss, inner)
# %% setup
import numpy as np
import keras
keras.utils.set_random_seed(21)
waves = np.random.default_rng(21).normal(size=(12, 7, 1)).astype("float32")
kinds = (waves.mean(axis=(1, 2)) > 0).astype("float32")[:, None]
def reader(width):
    inputs = keras.Input((7, 1))
    steps = keras.layers.Dense(width, name="widen")(inputs)
    even = keras.layers.LayerNormalization(name="even")(steps)  # expect: zero/stationary-point
    mixed = keras.layers.Conv1D(3, 2, name="mix")(even)
    both = keras.layers.Concatenate()([keras.layers.Flatten()(mixed), keras.layers.Flatten()(inputs)])
    made = keras.Model(inputs, keras.layers.Dense(1)(both))
    made.compile("adam", "mse")
    return made
# %% the normalisation of single values, and what its result is multiplied with
model = reader(1)
history = model.fit(waves, kinds, batch_size=6, epochs=2, verbose=0)  # status: zero zero zero ok zero ok ok ok
# %% near: the normalisation of four values
model = reader(4)
history = model.fit(waves, kinds, batch_size=6, epochs=2, verbose=0)
# %% near: a pooling over single values that are 0 beside what learns
inputs = keras.Input((7, 1))
ones = keras.layers.GlobalAveragePooling1D()(keras.layers.Lambda(lambda v: 0.0 * v[:, :1])(inputs))
both = keras.layers.Concatenate()([keras.layers.Dense(2)(keras.layers.Flatten()(inputs)), ones])
model = keras.Model(inputs, keras.layers.Dense(1)(both))
model.compile("adam", "mse")
history = model.fit(waves, kinds, batch_size=6, epochs=1, verbose=0)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
table, wanted = tf.random.normal((20, 6)), tf.random.normal((20, 1))
def net(kind, steps, features):
    return keras.Sequential([keras.Input((steps, features)), kind(4), keras.layers.Dense(1)])
def learn(model, x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - wanted))
    return tape.gradient(loss, model.trainable_variables)
# %% a recurrent layer over one step
model = keras.Sequential([
    keras.Input((1, 6)),
    keras.layers.SimpleRNN(4),  # expect: zero/stationary-point
    keras.layers.Dense(1),
])
grads = learn(model, table[:, None, :])
# %% a recurrent layer over one step, in fit
model = keras.Sequential([
    keras.Input((1, 6)),
    keras.layers.GRU(4),  # expect: zero/stationary-point
    keras.layers.Dense(1),
])
model.compile("sgd", "mse")
model.fit(table[:, None, :], wanted, epochs=1, verbose=0)  # status: ok zero ok ok ok
# %% a recurrent layer in both directions over one step
both = keras.layers.Bidirectional(keras.layers.LSTM(3))  # expect: zero/stationary-point
model = keras.Sequential([keras.Input((1, 6)), both, keras.layers.Dense(1)])
grads = learn(model, table[:, None, :])
# %% near: over several steps
grads = learn(net(keras.layers.LSTM, 6, 1), table[:, :, None])
# %% near: over one step, with a state that was handed on
cell = keras.layers.GRU(4, return_state=True)
state = tf.random.normal((20, 4))
head = keras.layers.Dense(1)
with tf.GradientTape() as tape:
    out, state = cell(table[:, None, :], initial_state=state)
    loss = tf.reduce_mean(tf.square(head(out) - wanted))
grads = tape.gradient(loss, cell.trainable_variables)
# %% flat where a gradient comes in
spots, wanted = tf.Variable([0.0, 2.0], name="spots"), tf.constant([1.0, 0.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(wanted * spots**2)  # expect: zero/stationary-point
grad = tape.gradient(loss, spots)
# %% the other factor is 0 there, compiled
spots, one, other = tf.Variable([1.0, 2.0], name="spots"), tf.constant([1.0, 0.0]), tf.constant([0.0, 1.0])
@tf.function
def kept_apart():
    with tf.GradientTape() as tape:
        part = one * spots  # expect: zero/stationary-point or zero/masked-out
        loss = tf.reduce_sum(other * part)
    return tape.gradient(loss, spots)
grad = kept_apart()
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
leaf = tf.random.normal((3, 12))
species = keras.Sequential([keras.Input((12,)), keras.layers.Dense(9, activation="tanh"), keras.layers.Dense(4, activation="softmax")])
# %% what all classes get together, for a map of the inputs
with tf.GradientTape() as tape:
    tape.watch(leaf)
    total = tf.reduce_mean(species(leaf))  # expect: zero/stationary-point
importance = tape.gradient(total, leaf)  # status: zero
# %% the probabilities themselves as the target
with tf.GradientTape() as tape:
    tape.watch(leaf)
    shares = species(leaf)
importance = tape.gradient(shares, leaf)  # expect: zero/stationary-point
# %% row by row, in a method
class Explainer:
    def __init__(self, model):
        self.model = model
    def scores(self, x):
        logits = self.model.layers[0](x)
        return keras.ops.sum(keras.ops.softmax(logits), axis=-1)  # expect: zero/stationary-point
    def __call__(self, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            scores = self.scores(x)
        return tape.gradient(scores, x)  # status: zero
Explainer(species)(leaf)
# %% near: one class of each row
with tf.GradientTape() as tape:
    tape.watch(leaf)
    total = tf.reduce_sum(tf.reduce_max(species(leaf), axis=-1))
importance = tape.gradient(total, leaf)  # status: ok
# %% near: all classes, each with a weight of its own
with tf.GradientTape() as tape:
    tape.watch(leaf)
    expected = tf.reduce_sum(species(leaf) * tf.constant([0.0, 1.0, 2.0, 3.0]))
importance = tape.gradient(expected, leaf)  # status: ok
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(41)
rng = np.random.default_rng(3)
songs, covers = (rng.normal(size=(24, 6)).astype("float32") for _ in range(2))
class Matching(keras.Model):
    def __init__(self):
        super().__init__()
        self.left = keras.layers.Dense(4)
        self.right = keras.layers.Dense(4)
    def call(self, x):
        return tf.matmul(self.left(x[:, :6]), self.right(x[:, 6:]), transpose_b=True)  # note: zero/stationary-point
def matched(labels, logits):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(tf.shape(logits)[0]), logits)
both = np.concatenate([songs, covers], axis=1)
# %% near: what stands in each row of the logits is shifted alike, in fit
model = Matching()
model.compile(keras.optimizers.SGD(0.05), matched)
model.fit(both, np.zeros(24), batch_size=12, epochs=3, verbose=0)  # status: ok ok ok zero
# %% near: and with a tape
model = Matching()
model(both)
adam = keras.optimizers.Adam(0.01)
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(matched(None, model(both)))
    grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok zero
    adam.apply_gradients(zip(grads, model.trainable_variables))
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(42)
rng = np.random.default_rng(8)
# %% near: the bias of scores that a softmax over the steps makes weights of
steps = rng.normal(size=(10, 7, 5)).astype("float32")
score, out = keras.layers.Dense(1), keras.layers.Dense(2)
score(steps), out(steps[:, 0])
for _ in range(2):
    with tf.GradientTape() as tape:
        weights = tf.nn.softmax(score(steps)[..., 0], axis=-1)  # note: zero/stationary-point
        pooled = tf.reduce_sum(weights[..., None] * steps, axis=1)
        loss = tf.reduce_mean(out(pooled) ** 2)
    grads = tape.gradient(loss, [*score.trainable_variables, *out.trainable_variables])  # status: ok zero ok ok
# %% large inputs make the gradient of a kernel large, beside which that of its bias is small
times = (1.0e7 * (1.0 + rng.random((32, 1)))).astype("float32")
clock = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3), keras.layers.Dense(1)])  # expect: scale/unscaled-loss-or-data
clock.layers[0].kernel.assign(clock.layers[0].kernel * 1e-7)
clock.compile(keras.optimizers.SGD(1e-16), "mse")
clock.fit(times, np.ones((32, 1)), batch_size=16, epochs=2, verbose=0)  # status: exploding ok ok ok
# allow: step/update-without-effect
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
scorer = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, use_bias=False)])
states = tf.random.normal((12, 3), seed=2)
def gradients(batch):
    with tf.GradientTape() as tape:
        scores = scorer(batch)[:, 0]
        scores = scores - tf.reduce_mean(scores)  # expect: zero/stationary-point
        loss = tf.reduce_sum(scores * batch[:, 0])
    return tape.gradient(loss, scorer.trainable_variables)
# %% a batch of one example
grads = gradients(states[:1])
# %% near: the last of several batches has one example
optimizer = keras.optimizers.SGD(0.01)
for batch in (states[:6], states[6:11], states[11:]):
    optimizer.apply_gradients(zip(gradients(batch), scorer.trainable_variables))
