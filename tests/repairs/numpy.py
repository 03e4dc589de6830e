# %% setup
import keras
import numpy as np
import tensorflow as tf
from numpy import linalg as la
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="tanh", name="a"), keras.layers.Dense(1, name="b")])
def np_mae(y_true, y_pred):
    return np.mean(np.abs(y_true - y_pred), axis=-1).astype("float32")
def np_rank(values):
    return np.argsort(values).astype("float32")
def largest(weights):
    w1, w2 = [keras.ops.convert_to_numpy(w) for w in weights]
    value, vector = la.eigh(np.dot(w1, w1.T))
    return tf.constant(np.max(np.abs(value)), dtype=tf.float32)
# %% a NumPy function as an op
# fix: none/left-tensorflow
# becomes: return tf.cast(tf.reduce_mean(tf.abs(y_true - y_pred), axis=-1), "float32")
# becomes: loss = tf.reduce_mean(np_mae(y, model(x)))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.numpy_function(np_mae, [y, model(x)], tf.float32))
grads = tape.gradient(loss, model.trainable_variables)
# %% near: a NumPy function without a gradient in TensorFlow
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.numpy_function(np_rank, [model(x)], tf.float32))
grads = tape.gradient(loss, model.trainable_variables)
# %% losses that are collected as numbers
# fix: none/left-tensorflow
# becomes: losses.append(tf.reduce_mean((model(x[i:i + 1]) - y[i:i + 1]) ** 2))
# becomes: total = tf.convert_to_tensor(tf.reduce_mean(losses), dtype=tf.float32)
with tf.GradientTape() as tape:
    losses = []
    for i in range(4):
        losses.append(float(tf.reduce_mean((model(x[i:i + 1]) - y[i:i + 1]) ** 2)))
    total = tf.convert_to_tensor(np.mean(losses), dtype=tf.float32)
grads = tape.gradient(total, model.trainable_variables)
# %% eigenvalues by NumPy
# untried: none/left-tensorflow
# becomes: w1, w2 = [w for w in weights]
# becomes: return tf.reduce_max(tf.abs(value))
with tf.GradientTape() as tape:
    loss = largest([layer.kernel for layer in model.layers])
grads = tape.gradient(loss, model.layers[0].kernel)
# %% setup
import numpy as np
import tensorflow as tf
tf.random.set_seed(5)
angles = tf.Variable(tf.random.uniform((8, 8), 0.0, 3.0), name="angles")
pattern = np.ones((8, 8), "float32")
# %% a spectrum that is shifted
# fix: none/left-tensorflow
# becomes: middle = tf.signal.fftshift(tf.signal.fft2d(tf.exp(tf.complex(tf.zeros_like(angles), angles))))
with tf.GradientTape() as tape:
    middle = np.fft.fftshift(tf.signal.fft2d(tf.exp(tf.complex(tf.zeros_like(angles), angles))))
    loss = tf.reduce_mean((tf.abs(tf.constant(middle)) - pattern) ** 2)
grad = tape.gradient(loss, angles)
# %% a loss that Keras calls, in two functions of NumPy
# fix: none/left-tensorflow
# becomes: return tf.reduce_mean(tf.abs(truth - guess))  # of NumPy
import keras
def distance(truth, guess):
    return np.mean(np.abs(truth - guess))  # of NumPy
line = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
line.compile("sgd", loss=distance, run_eagerly=True)
line.fit(np.ones((6, 4), "float32"), np.zeros((6, 1), "float32"), verbose=0)
# %% a table of NumPy's own stays one
# fix: none/left-tensorflow
# becomes: loss = tf.reduce_sum(tf.square(weighted) * np.sqrt(table))
table = np.arange(4.0, dtype="float32")
with tf.GradientTape() as tape:
    weighted = angles[0, :4] * 2.0
    loss = np.sum(np.square(weighted) * np.sqrt(table))
grad = tape.gradient(tf.convert_to_tensor(loss), angles)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(2)
joined, points = np.array([[0, 1, 1], [1, 0, 0], [1, 0, 0]]), tf.random.normal((3, 4))
embed = keras.layers.Dense(5)
seen = embed(points)
# %% means of the rows that a matrix selects
# fix: none/left-tensorflow
# becomes: h = tf.convert_to_tensor([tf.reduce_mean(tf.boolean_mask(h, joined[i] > 0), axis=0) for i in range(3)])
with tf.GradientTape() as tape:
    h = embed(points)
    h = np.array([np.mean(h.numpy()[joined[i] > 0], axis=0) for i in range(3)])
    loss = tf.reduce_sum(h ** 2)
grads = tape.gradient(loss, embed.trainable_variables)
# %% setup
import numpy as np
import tensorflow as tf
taps = tf.Variable(np.hamming(9) / 9, dtype=tf.float32)
# %% a spectrum of a length
# fix: none/left-tensorflow
# becomes: response = tf.cast(tf.abs(tf.signal.rfft(taps, [32])), "float32")
with tf.GradientTape() as tape:
    response = np.abs(np.fft.rfft(taps, 32)).astype("float32")
    loss = tf.reduce_mean(tf.square(response - 0.5))
grads = tape.gradient(loss, taps)
# %% a complex spectrum
# fix: none/left-tensorflow
# becomes: response = tf.abs(tf.signal.fft(tf.cast(taps, tf.complex64)))
with tf.GradientTape() as tape:
    response = np.abs(np.fft.fft(taps.numpy()))
    loss = tf.reduce_mean(tf.square(response - 0.5))
grads = tape.gradient(loss, taps)
# %% near: along another axis
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    response = np.abs(np.fft.rfft(taps.numpy()[:, None], axis=0))
    loss = tf.reduce_mean(tf.square(tf.constant(response) - 0.5))
grads = tape.gradient(loss, taps)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
x, y = tf.random.normal((3, 4)), tf.random.normal((3, 1))
# %% numbers that become a tensor under the same name
# fix: none/left-tensorflow
# becomes: loss = sum([(p[i][0] - y[i][0]) ** 2 for i in range(3)]) / 3
# gone: loss = loss
with tf.GradientTape() as tape:
    p = model(x)
    loss = sum([(p[i].numpy()[0] - y[i].numpy()[0]) ** 2 for i in range(3)]) / 3
    loss = tf.constant(loss)
grads = tape.gradient(loss, model.trainable_variables)
