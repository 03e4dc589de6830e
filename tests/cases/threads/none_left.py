import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-2)
loss_fn = keras.losses.MeanSquaredError()
# %% losses collected as Python numbers
with tf.GradientTape() as tape:
    losses = []
    for i in range(4):
        losses.append(float(loss_fn(y[i:i + 1], model(x[i:i + 1]))))  # expect: none/left-tensorflow
    total = tf.convert_to_tensor(np.mean(losses), dtype=tf.float32)
grads = tape.gradient(total, model.trainable_variables)  # status: none none none none
# %% NumPy in the loss
with tf.GradientTape() as tape:
    pred = model(x)
    error = np.square(pred - y)  # expect: none/left-tensorflow
    loss = tf.reduce_mean(tf.constant(error))
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% numpy() for a reshape
with tf.GradientTape() as tape:
    hidden = model.layers[0](x)
    moved = hidden.numpy().reshape(-1, 5)  # expect: none/left-tensorflow
    loss = tf.reduce_mean((model.layers[1](moved) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none ok ok
# %% predict under the tape
with tf.GradientTape() as tape:
    pred = model.predict(x, verbose=0)  # expect: none/left-tensorflow
    loss = loss_fn(y, pred)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% item by item into a list
with tf.GradientTape() as tape:
    pred = model(x)
    values = [p.numpy()[0] for p in pred]  # expect: none/left-tensorflow
    loss = tf.reduce_mean((tf.stack(values) - y[:, 0]) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% tolist
with tf.GradientTape() as tape:
    pred = model(x)
    rows = pred.numpy().tolist()  # expect: none/left-tensorflow
    loss = tf.reduce_mean(tf.abs(tf.constant(rows) - y))
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% a simulator in NumPy between net and loss
def simulate(force):
    position = np.zeros(len(force))
    for _ in range(3):
        position = position + 0.1 * force
    return position
with tf.GradientTape() as tape:
    action = model(x)
    where = simulate(action.numpy()[:, 0])  # expect: none/left-tensorflow
    loss = tf.reduce_mean(tf.cast(where, tf.float32) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])

def np_mae(y_true, y_pred):
    return np.mean(np.abs(y_true - y_pred), axis=-1).astype("float32")

def loss(y_true, y_pred):
    errors = tf.numpy_function(np_mae, [y_true, y_pred], tf.float32)  # expect: none/left-tensorflow
    return tf.reshape(errors, (-1,))
# %% numpy_function as the loss of fit
# raises: ValueError
# allow: error/no-gradients-provided
model.compile("adam", loss)
model.fit(x, y, verbose=0)
# %% numpy_function, own loop
with tf.GradientTape() as tape:
    value = tf.reduce_mean(loss(y, model(x)))
grads = tape.gradient(value, model.trainable_variables)  # status: none none none none
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

class Standardise(keras.layers.Layer):
    def call(self, inputs):
        values = inputs.numpy()  # expect: none/left-tensorflow
        return tf.constant((values - values.mean(0)) / (values.std(0) + 1e-6))

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.standardise, self.last = keras.layers.Dense(5), Standardise(), keras.layers.Dense(1)
        self.first.build((None, 4)), self.last.build((None, 5))
        self.built = True

    def call(self, inputs):
        return self.last(self.standardise(self.first(inputs)))

model = Net()
# %% numpy in a layer of an eager fit
# allow: step/silently-skipped
model.compile("sgd", "mse", run_eagerly=True)
model.fit(x, y, verbose=0)
# %% numpy in a layer, own loop
# allow: step/silently-skipped
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none ok ok
# %% setup
import tensorflow as tf
w = tf.Variable(1.5, name="w")
b = tf.Variable(0.5, name="b")
data = tf.constant([1.0, 2.0, 3.0])
# %% file physics.py
import math
import tensorflow as tf

def energy(speed):
    return 0.5 * math.pow(speed, 2)  # expect: none/left-tensorflow
# %% math of an imported file
from physics import energy
with tf.GradientTape() as tape:
    e = energy(w * 3.0)
    loss = b * tf.constant(e)
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% setup
import tensorflow as tf
import math
w = tf.Variable(1.5, name="w")
b = tf.Variable(0.5, name="b")
data = tf.constant([1.0, 2.0, 3.0])
# %% math.exp
with tf.GradientTape() as tape:
    scale = math.exp(w)  # expect: none/left-tensorflow
    loss = tf.reduce_sum(scale * data + b)
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% a round trip through a string
with tf.GradientTape() as tape:
    text = tf.strings.as_string(w * 2.0)  # expect: none/non-differentiable-op or none/left-tensorflow or none/non-float-dtype
    loss = tf.strings.to_number(text) * b  # also: none/non-differentiable-op or none/non-float-dtype
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% item()
with tf.GradientTape() as tape:
    h = tf.reduce_sum(w * data)
    loss = b * h.numpy().item()  # expect: none/left-tensorflow
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% round trip in a helper of this cell
def normalised(t):
    a = t.numpy()  # expect: none/left-tensorflow
    return tf.constant(a / abs(a).max())
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(normalised(w * data) * b)
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% an f-string parsed again
with tf.GradientTape() as tape:
    shown = f"{(w * 2.0).numpy():.6f}"  # expect: none/left-tensorflow
    loss = float(shown) * b
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% memory of a buffer
import numpy as np
buffer = np.zeros(3, "float32")
with tf.GradientTape() as tape:
    for i in range(3):
        buffer[i] = w * data[i]  # expect: none/left-tensorflow
    loss = tf.reduce_sum(tf.constant(buffer) * b)
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% near: logged only
log = []
with tf.GradientTape() as tape:
    h = w * data
    log.append(h.numpy().tolist())
    loss = tf.reduce_sum(h * b)
grads = tape.gradient(loss, [w, b])  # status: ok ok
# %% near: a detached scale by design
with tf.GradientTape() as tape:
    h = w * data
    size = float(tf.reduce_max(tf.abs(h)))
    loss = tf.reduce_sum(h / size * b)
grads = tape.gradient(loss, [w, b])  # status: ok ok
# %% setup
import numpy as np
import numpy.linalg as la
from numpy import sort as ordered
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
shaper = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)])
judge = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])

def spread_of(points):
    flat = np.asarray(points).ravel()  # expect: none/left-tensorflow
    return np.array([[flat.mean(), flat.std(), flat.max()]], "float32")

class Summary:
    def of(self, points):
        flat = np.ravel(points)  # also: none/left-tensorflow
        return np.array([[flat.min(), flat.mean(), flat.max()]], "float32")
# %% handed on as an expression to a function that computes in NumPy
# expect setup
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(judge(spread_of(shaper(tf.random.normal((8, 2))))) ** 2)
grads = tape.gradient(loss, shaper.trainable_variables)
# %% handed on to a method
# expect setup
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(judge(Summary().of(shaper(tf.random.normal((8, 2))))) ** 2)
grads = tape.gradient(loss, shaper.trainable_variables)
# %% a module of NumPy under a name of its own
with tf.GradientTape() as tape:
    points = shaper(tf.ones((3, 2)))
    loss = tf.reduce_mean(judge(la.norm(points, axis=1)[None]) ** 2)  # expect: none/left-tensorflow
grads = tape.gradient(loss, shaper.trainable_variables)
# %% a function that NumPy was asked for
with tf.GradientTape() as tape:
    first = shaper(tf.ones((3, 2)))[:, 0]
    loss = tf.reduce_mean(judge(ordered(first)[None]) ** 2)  # expect: none/left-tensorflow
grads = tape.gradient(loss, shaper.trainable_variables)
# %% near: NumPy beside the loss
with tf.GradientTape() as tape:
    points = shaper(tf.random.normal((8, 2)))
    shown = spread_of(points)
    loss = tf.reduce_mean(points ** 2)
grads = tape.gradient(loss, shaper.trainable_variables)
