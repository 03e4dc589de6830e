# %% setup
import numpy as np
import tensorflow as tf
weights = tf.Variable(tf.random.normal((5, 1), seed=1))
rows, order = tf.random.normal((12, 5), seed=2), tf.range(12, dtype=tf.float32)
def places(v):
    return tf.numpy_function(lambda a: np.argsort(np.argsort(a)).astype("float32"), [v], tf.float32)
# %% ranks in a function of NumPy
# fix: none/left-tensorflow
# becomes: return tf.reduce_sum(tf.sigmoid((v[..., :, None] - v[..., None, :]) / 0.1), axis=-1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((places((rows @ weights)[:, 0]) - order) ** 2)
grad = tape.gradient(loss, weights)
# %% near: something else in NumPy
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    sorted_ = tf.numpy_function(lambda a: np.partition(a, 3).astype("float32"), [(rows @ weights)[:, 0]], tf.float32)
    loss = tf.reduce_mean((sorted_ - order) ** 2)
grad = tape.gradient(loss, weights)
