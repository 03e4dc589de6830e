# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(11)
maker = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
judge = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
opt, opt_2 = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
noise, real = tf.random.normal((4, 2)), tf.random.normal((4, 3))
class Walker:
    def __init__(self):
        self.policy, self.kept, self.rewards = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]), [], []
    def act(self, state):
        logits = self.policy(state)
        self.kept.append(tf.nn.log_softmax(logits)[0, 1])
        self.rewards.append(1.0)
    def update(self):
        returns = np.cumsum(np.arange(len(self.rewards)) + 1.0).astype("float32")
        with tf.GradientTape() as tape:
            loss = -tf.reduce_sum(tf.stack(self.kept) * returns)
        return tape.gradient(loss, self.policy.trainable_variables)
# %% a line that the first tape reads too is copied into the second
# fix: none/outside-tape
# becomes: fake = maker(noise)
# becomes: with tf.GradientTape() as tape_2:
def step():
    fake = maker(noise)
    with tf.GradientTape() as tape:
        first = tf.reduce_mean(judge(fake) ** 2)
    opt.apply(tape.gradient(first, judge.trainable_variables), judge.trainable_variables)
    with tf.GradientTape() as tape_2:
        loss = tf.reduce_mean((judge(fake) - 1.0) ** 2)
    grads = tape_2.gradient(loss, maker.trainable_variables)
    opt_2.apply(grads, maker.trainable_variables)
step()
# %% a line that nothing else reads is moved
# fix: none/outside-tape
# becomes: guess = judge(maker(noise))
def step():
    guess = judge(maker(noise))
    shape = real.shape
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((guess - 1.0) ** 2)
    opt.apply(tape.gradient(loss, judge.trainable_variables), judge.trainable_variables)
step()
# %% a line whose input changes in between goes in with the change
# fix: none/outside-tape
# becomes: with tf.GradientTape() as tape:
# becomes: guess = judge(maker(z))
# becomes: z = z + 1.0
z = noise
guess = judge(maker(z))
z = z + 1.0
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((guess - 1.0) ** 2)
grads = tape.gradient(loss, judge.trainable_variables)
# %% values collected while acting are not repaired by a line beside the tape
# none: none/outside-tape
walker = Walker()
for _ in range(3):
    walker.act(noise[:1])
grads = walker.update()
# %% setup
import keras
import math
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(12)
x, w = tf.random.normal((3, 4)), tf.Variable(tf.random.normal((4, 5)))
keep = tf.constant([[True, True, False, True, False], [False] * 5, [True] * 5])
NOTHING = -math.inf
# %% minus infinity in a mask above the softmax
# fix: nonfinite/invalid-forward-value
# becomes: scores = scores + tf.where(keep, 0.0, -1e9)
with tf.GradientTape() as tape:
    scores = x @ w
    scores = scores + tf.where(keep, 0.0, -np.inf)
    weights = tf.nn.softmax(scores, axis=-1)
    loss = tf.reduce_sum(weights ** 2)
grads = tape.gradient(loss, w)
# %% minus infinity under a name of its own in half precision
# fix: nonfinite/invalid-forward-value
# becomes: NOTHING = -1e4
with tf.GradientTape() as tape:
    scores = tf.cast(x @ w, tf.float16) + tf.where(keep, tf.constant(0.0, tf.float16), NOTHING)
    loss = tf.cast(tf.reduce_sum(tf.nn.softmax(scores) ** 2), tf.float32)
grads = tape.gradient(loss, w)
# %% an infinity that is no mask of the softmax
# none: nonfinite/overflow
best, limit = -float("inf"), tf.constant([[1.0], [3e38], [1.0]]) * 10.0
with tf.GradientTape() as tape:
    scores = x @ w - limit
    loss = tf.reduce_sum(tf.nn.softmax(scores) ** 2)
grads = tape.gradient(loss, w)
best = max(best, float(loss))
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(13)
x = np.random.default_rng(13).normal(size=(16, 3)).astype("float32")
y = (x[:, :1] > 0).astype("float32")
def network(units=1, last="softmax"):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(units, activation=last)])
# %% a softmax in the head of the function
# fix: zero/single-unit-softmax
# becomes: def network(units=1, last="sigmoid"):
model = network()
model.compile("sgd", "mse")
history = model.fit(x, y, verbose=0)
# %% a softmax at the call
# fix: zero/single-unit-softmax
# becomes: model = network(1, last="sigmoid")
model = network(1, last="softmax")
model.compile("sgd", "mse")
history = model.fit(x, y, verbose=0)
# %% a softmax that another network needs
# none: zero/single-unit-softmax
other = network(3)
model = network(1)
model.compile("sgd", "mse")
history = model.fit(x, y, verbose=0)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(14)
x, y = tf.random.normal((8, 3)), tf.random.normal((8, 1))
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
net.compile("sgd", "mse")
square = tf.Variable(tf.random.normal((3, 3)))
spot = tf.Variable([[1.2, 0.4]])
# %% evaluate under a tape
# fix: error/target-not-recorded
# becomes: loss = net.compute_loss(y=y, y_pred=net(x, training=True))
with tf.GradientTape() as tape:
    loss = net.evaluate(x, y, verbose=0)
grads = tape.gradient(loss, net.trainable_variables)
# %% evaluate of a data set
# none: error/target-not-recorded
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
with tf.GradientTape() as tape:
    loss = net.evaluate(data, verbose=0)
grads = tape.gradient(loss, net.trainable_variables)
# %% a determinant by its decomposition
# fix: error/no-gradient-registered
# becomes: size = tf.linalg.slogdet(square * 2.0)[1]
# gone: lu, _ = tf.linalg.lu(square * 2.0)
with tf.GradientTape() as tape:
    lu, _ = tf.linalg.lu(square * 2.0)
    size = tf.reduce_sum(tf.math.log(tf.abs(tf.linalg.diag_part(lu))))
    loss = size ** 2
grads = tape.gradient(loss, [square])
# %% a decomposition whose permutation is used
# none: error/no-gradient-registered
with tf.GradientTape() as tape:
    lu, order = tf.linalg.lu(square)
    loss = tf.reduce_sum(tf.math.log(tf.abs(tf.linalg.diag_part(lu)))) + tf.cast(order[0], tf.float32)
grads = tape.gradient(loss, [square])
# %% an op without a gradient and without a counterpart
# none: error/no-gradient-registered
with tf.GradientTape() as tape:
    values, index = tf.unique(tf.reshape(square, [-1]))
    loss = tf.reduce_sum(values)
grads = tape.gradient(loss, [square])
# %% an array that is cast to integers
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    corner = np.clip(spot.numpy() * 4.0, 0, 3).astype(int)
    loss = tf.reduce_sum(tf.constant(corner, tf.float32))
grads = tape.gradient(loss, spot)
# %% an array that is written into afterwards
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    canvas = np.clip(spot.numpy() * 4.0, 0, 3)
    canvas[0, 0] = 1.0
    loss = tf.reduce_sum(tf.constant(canvas))
grads = tape.gradient(loss, spot)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(15)
t, heat = tf.random.uniform((16, 1)), tf.random.uniform((16, 1))
class Cooling:
    def __init__(self):
        self.net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
        self.rate, self.opt = tf.Variable(0.3), keras.optimizers.SGD(0.01)
    def train(self):
        with tf.GradientTape() as tape:
            u = self.net(t)
            loss = tf.reduce_mean((u - heat) ** 2) + tf.reduce_mean((self.rate * u - heat * t) ** 2)
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.net.trainable_variables))
class Weighed(Cooling):
    def __init__(self):
        super().__init__()
        self.share = tf.Variable(0.1)
    def train(self):
        with tf.GradientTape() as tape:
            u = self.net(t)
            loss = tf.reduce_mean((u - heat) ** 2) + self.share * tf.reduce_mean(u ** 2)
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.net.trainable_variables))
class Scaled(Cooling):
    def __init__(self):
        super().__init__()
        self.middle = tf.Variable(0.5)
    def train(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.net(t - self.middle) - heat) ** 2)
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.net.trainable_variables))
# %% what the inputs are scaled with stays
# none: step/untracked-variable
scaled = Scaled()
for _ in range(2):
    scaled.train()
# %% a coefficient beside the network
# fix: step/untracked-variable
# becomes: grads = tape.gradient(loss, [*self.net.trainable_variables, self.rate])
# becomes: self.opt.apply_gradients(zip(grads, [*self.net.trainable_variables, self.rate]))
cooling = Cooling()
for _ in range(2):
    cooling.train()
# %% the weight of a term stays
# none: step/untracked-variable
weighed = Weighed()
for _ in range(2):
    weighed.train()
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(16)
x = tf.random.normal((4, 6, 3))
class Reader(keras.Model):
    def __init__(self, kind):
        super().__init__()
        self.begin = self.add_weight(shape=(1, 5), initializer="zeros", name="begin")
        self.layer = kind(5)
    def call(self, inputs):
        return self.layer(inputs)
class Starting(Reader):
    def __init__(self):
        super().__init__(keras.layers.GRU)
        self.gru = keras.layers.GRU(5)
    def call(self, inputs, training=False):
        first = tf.repeat(self.begin, tf.shape(inputs)[0], axis=0)
        return self.gru(inputs, training=training)
class Pair(Reader):
    def __init__(self):
        super().__init__(keras.layers.GRU)
        self.lstm = keras.layers.LSTM(5)
    def call(self, inputs):
        first = tf.repeat(self.begin, tf.shape(inputs)[0], axis=0)
        return self.lstm(inputs)
# %% a first state that is not handed over
# fix: none/discarded-result
# becomes: return self.gru(inputs, training=training, initial_state=first)
net = Starting()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(x) ** 2)
grads = tape.gradient(loss, [net.begin, *net.gru.trainable_variables])
# %% one state for a layer that has two
# none: none/discarded-result
net = Pair()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(x) ** 2)
grads = tape.gradient(loss, [net.begin, *net.lstm.trainable_variables])
# %% a state of another width
# none: none/discarded-result
net = Starting()
net.gru = keras.layers.GRU(7)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(x) ** 2)
grads = tape.gradient(loss, [net.begin, *net.gru.trainable_variables])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
inputs, outputs = tf.random.normal((16, 3)), tf.random.normal((16, 1))
line = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
line.compile("sgd", "mse")
# %% a tensor that is made of the number that `evaluate` gives
# fix: none/left-tensorflow
# becomes: loss = line.compute_loss(y=outputs, y_pred=line(inputs, training=True))
with tf.GradientTape() as tape:
    loss = tf.convert_to_tensor(line.evaluate(inputs, outputs, verbose=0))
grads = tape.gradient(loss, line.trainable_variables)
