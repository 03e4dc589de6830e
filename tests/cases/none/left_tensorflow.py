import math
import numpy as np
import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
# %% two values that one line takes out
import numpy as np
import tensorflow as tf
centre, spread = tf.Variable([0.5, 1.0], name="centre"), tf.Variable([1.0, 2.0], name="spread")
with tf.GradientTape() as tape:
    scaled = tf.constant(centre.numpy() / spread.numpy(), tf.float32)  # expect: none/left-tensorflow
    loss = tf.reduce_sum(scaled**2)
grads = tape.gradient(loss, [centre, spread])  # status: none none
# %% numpy and back
with tf.GradientTape() as tape:
    h = w * 2.0
    loss = tf.reduce_sum(tf.constant(h.numpy()))  # expect: none/left-tensorflow
grad = tape.gradient(loss, w)
# %% math
with tf.GradientTape() as tape:
    s = tf.reduce_sum(w)
    loss = tf.constant(1.0) * math.exp(s)  # expect: none/left-tensorflow
grad = tape.gradient(loss, w)
# %% near: printed only
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * w)
    print(loss.numpy(), float(loss), np.mean(w))
grad = tape.gradient(loss, w)
# %% near: a number that scales
with tf.GradientTape() as tape:
    scale = float(tf.reduce_max(w))
    loss = tf.reduce_sum(w) / scale
grad = tape.gradient(loss, w)
# %% logged before and after it leaves
u, seen = tf.Variable([3.0, 4.0], name="u"), []
with tf.GradientTape() as tape:
    h = w * 2.0
    seen.append(h.numpy().tolist())
    back = tf.convert_to_tensor(np.tanh(h))  # expect: none/left-tensorflow
    loss = tf.reduce_sum(back * u)
    print(float(tf.reduce_sum(h)))
grads = tape.gradient(loss, [w, u])  # status: none ok
# %% row by row
u, rows = tf.Variable([3.0, 4.0], name="u"), []
with tf.GradientTape() as tape:
    h = w * 2.0
    for i in range(2):
        rows.append(h[i].numpy() * 2.0)  # expect: none/left-tensorflow
    seen = [float(e) for e in h]
    loss = tf.reduce_sum(tf.stack(rows) * u)
grads = tape.gradient(loss, [w, u])  # status: none ok
# %% in a function of its own
u = tf.Variable([3.0, 4.0], name="u")
def smooth(values):
    inner = values.numpy()  # expect: none/left-tensorflow
    return inner * 0.5
with tf.GradientTape() as tape:
    h = w * 2.0
    loss = tf.reduce_sum(smooth(h) * u)
    label = f"{float(tf.reduce_mean(h)):.2f}"
grads = tape.gradient(loss, [w, u])  # status: none ok
# %% near: two paths
u, seen = tf.Variable([3.0, 4.0], name="u"), []
with tf.GradientTape() as tape:
    h = w * 2.0
    seen.append(np.tanh(h))
    loss = tf.reduce_sum(h * u + 0.1 * np.tanh(h))
grads = tape.gradient(loss, [w, u])
# %% setup
import numpy as np
import tensorflow as tf
W, b = tf.Variable([[1.0], [2.0]]), tf.Variable([0.5])
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
history = []
def whole():
    return tf.reduce_mean((x @ W + b) ** 2)
def of_an_array(r):
    r = np.asarray(r)  # expect: none/left-tensorflow
    return tf.reduce_sum(tf.convert_to_tensor(r, tf.float32))
# %% near a loss that is printed, and a second phase that leaves a variable out
with tf.GradientTape() as tape:
    first = whole()
grads = tape.gradient(first, [W, b])  # status: ok ok
print("phase 1", float(first))
with tf.GradientTape() as tape:
    second = tf.reduce_mean((x @ W) ** 2) * 1.5
grads = tape.gradient(second, [W, b])  # expect: none/unused-variable
# %% near losses that are kept for a mean
for phase in range(2):
    with tf.GradientTape() as tape:
        loss = whole()
    grads = tape.gradient(loss, [W, b])  # status: ok ok
    history.append(float(loss))
print(np.mean(history))
with tf.GradientTape() as tape:
    rest = tf.reduce_mean((x @ W) ** 2)
grads = tape.gradient(rest, [W, b])  # expect: none/unused-variable
# %% near a number that is only compared
large = float(whole()) > 1e9
with tf.GradientTape() as tape:
    if large:
        loss = whole()
    else:
        loss = tf.reduce_mean((x @ W) ** 2)
grads = tape.gradient(loss, [W, b])  # expect: none/unused-variable
# %% a watched tensor under another name in a helper
places = tf.constant([1.0, 2.0])
with tf.GradientTape() as tape:
    tape.watch(places)
    energy = of_an_array(places)
grads = tape.gradient(energy, places)  # status: none
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
def coarse(batch):
    return np.stack([row[::2] for row in batch])
class Coarse(keras.losses.Loss):
    def call(self, y_true, y_pred):
        a, b = coarse(np.array(y_true)), coarse(np.array(y_pred))  # expect: none/left-tensorflow
        return tf.reduce_mean(tf.abs(tf.constant(a) - tf.constant(b)), axis=1)
class Fine(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return tf.reduce_mean(tf.abs(y_true[:, ::2] - y_pred[:, ::2]), axis=1)
x, y = np.random.default_rng(0).normal(size=(8, 4)).astype("float32"), np.ones((8, 4), "float32")
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
# %% an array of what a loss object of Keras is given
# raises: ValueError
# allow: error/no-gradients-provided
model.compile("sgd", Coarse(), run_eagerly=True)
model.fit(x, y, verbose=0)
# %% near: a loss object that stays inside
model.compile("sgd", Fine(), run_eagerly=True)
model.fit(x, y, verbose=0)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
policy = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
w = tf.Variable([1.0, 2.0], name="w")
scale = tf.Variable(1.0, name="scale")
rng = np.random.default_rng(0)
def rollout():
    states = rng.normal(size=(5, 4)).astype("float32")
    return policy(states).numpy(), rng.normal(size=(5,)).astype("float32")  # expect: none/left-tensorflow
# %% a rollout inside of a numpy_function
# expect setup
with tf.GradientTape() as tape:
    logits, rewards = tf.numpy_function(rollout, [], [tf.float32, tf.float32])
    loss = tf.reduce_mean(tf.reduce_max(logits, axis=1) * rewards) * scale
grads = tape.gradient(loss, [*policy.trainable_variables, scale])  # status: none none ok
# %% in a lambda
with tf.GradientTape() as tape:
    loss = scale * tf.reduce_sum(tf.numpy_function(lambda: w.numpy() * 2.0, [], tf.float32))  # expect: none/left-tensorflow
grads = tape.gradient(loss, [w, scale])  # status: none ok
# %% near: the function reads something else
with tf.GradientTape() as tape:
    noise = tf.numpy_function(lambda: rng.normal(size=2).astype("float32"), [], tf.float32)
    loss = scale * tf.reduce_sum(w * noise)
grads = tape.gradient(loss, [w, scale])
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
policy = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
rng = np.random.default_rng(0)
class Agent:
    def __init__(self, model):
        self.model = model
        self.optimizer = keras.optimizers.SGD(0.1)
    def play(self):
        states = rng.normal(size=(5, 4)).astype("float32")
        return self.model(states).numpy()
    @tf.function
    def learn(self):
        with tf.GradientTape() as tape:
            logits = tf.numpy_function(self.play, [], tf.float32)  # expect: none/left-tensorflow
            logits = tf.reshape(logits, (5, 3))
            loss = tf.reduce_mean(tf.square(logits))
        grads = tape.gradient(loss, self.model.trainable_variables)  # status: none none
        self.optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
        return loss
# %% in a method that is traced and raises
agent = Agent(policy)
# allow: error/no-gradients-provided
# raises: ValueError
agent.learn()
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(9)

class Spread(keras.layers.Layer):
    def call(self, x):
        centred = x - tf.reduce_mean(x, axis=0)
        widths = np.sqrt(np.mean(np.square(centred), axis=0) + 1e-3)  # expect: none/left-tensorflow
        return tf.convert_to_tensor(np.tile(widths, (len(centred), 1)), dtype=tf.float32)

class Folded:
    def __init__(self, turns):
        self.turns = turns
    def __call__(self, values):
        return np.abs(values - np.round(values * self.turns))  # also: none/left-tensorflow

class Plain(keras.layers.Layer):
    def call(self, x):
        print(np.asarray(x).shape)
        return tf.abs(x)

class Printed:
    def __call__(self, values):
        print(np.asarray(values).shape)

printed = Printed()
front, back, spread, folded, plain = keras.layers.Dense(4), keras.layers.Dense(1), Spread(), Folded(2.0), Plain()
x, y = tf.random.normal((6, 3)), tf.random.normal((6, 1))
back(front(x))
weights = front.trainable_variables + back.trainable_variables
# %% in the call of a layer that stands in the middle
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(back(spread(front(x))) - y))
grads = tape.gradient(loss, weights)  # status: none none ok ok
# %% an object of a plain class, the value by a name
with tf.GradientTape() as tape:
    hidden = front(x)
    bent = folded(hidden)
    loss = tf.reduce_mean(tf.square(back(bent) - y))
grads = tape.gradient(loss, weights)  # status: none none ok ok
# %% a layer that is made where it is called
# expect setup
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(back(Spread()(front(x))) - y))
grads = tape.gradient(loss, weights)
# %% near: an array that is only printed
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(back(plain(front(x))) - y))
grads = tape.gradient(loss, weights)
# %% what a layer only prints is not used
with tf.GradientTape() as tape:
    seen = front(x)  # expect: none/discarded-result
    printed(seen)
    loss = tf.reduce_mean(tf.square(back(tf.concat([x, x[:, :1]], axis=1)) - y))
grads = tape.gradient(loss, weights)
# %% setup
import numpy as np
import tensorflow as tf
keep = np.array([1.0, 2.0], "float32")
inner, outer = tf.Variable(tf.random.normal((2, 3), seed=1)), tf.Variable(tf.random.normal((3, 3), seed=2))
signal = tf.random.normal((4, 5, 2), seed=3)
class Memory:
    def __init__(self):
        self.states = np.empty((4, 5, 3), "float32")
    def run(self):
        state = tf.zeros((5, 3))
        for k in range(4):
            state = tf.tanh(signal[k] @ inner + state @ outer)
            self.states[k] = state  # expect: none/left-tensorflow
        return tf.reduce_mean(self.states ** 2)
memory = Memory()
# %% rows of an array
rows = np.zeros((4, 5, 3), "float32")
with tf.GradientTape() as tape:
    for k in range(4):
        rows[k] = tf.nn.softplus(signal[k] @ inner)  # expect: none/left-tensorflow
    loss = tf.reduce_sum(tf.constant(rows))
grad = tape.gradient(loss, inner)  # status: none
# %% rows of an array, and NumPy behind it
rows = np.zeros((4, 5, 3), "float32")
with tf.GradientTape() as tape:
    for k in range(4):
        row = tf.nn.softplus(signal[k] @ inner)
        rows[k, :, :] = row  # expect: none/left-tensorflow
    loss = tf.convert_to_tensor(np.mean(rows ** 2))
grad = tape.gradient(loss, inner)  # status: none
# %% an array of an object
with tf.GradientTape() as tape:
    loss = memory.run()
grads = tape.gradient(loss, [inner, outer])  # status: none none
# %% near: a row that is kept to look at
rows = np.zeros((4, 5, 3), "float32")
with tf.GradientTape() as tape:
    loss = 0.0
    for k in range(4):
        row = tf.nn.softplus(signal[k] @ inner)
        rows[k] = row
        loss += tf.reduce_mean(row)
grad = tape.gradient(loss, inner)
# %% near: rows of a list
rows = [None] * 4
with tf.GradientTape() as tape:
    for k in range(4):
        rows[k] = tf.nn.softplus(signal[k] @ inner)
    loss = tf.reduce_mean(tf.stack(rows))
grad = tape.gradient(loss, inner)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
x, y = tf.random.normal((3, 4)), tf.random.normal((3, 1))
# %% numbers of which a variable is made
with tf.GradientTape() as tape:
    p = model(x)
    loss = sum([(p[i].numpy()[0] - y[i].numpy()[0]) ** 2 for i in range(3)]) / 3  # expect: none/left-tensorflow
    loss = tf.Variable(loss)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none
