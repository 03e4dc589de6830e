# %% setup
import keras
import tensorflow as tf
from keras import ops
table = keras.layers.Embedding(5, 3, embeddings_initializer=keras.initializers.RandomUniform(-0.3, 0.3, seed=2))
pairs = tf.constant([[0, 1], [2, 2], [3, 4]])
table(pairs)
def apart(u, v):
    gap = tf.reduce_sum(tf.square(u - v), axis=-1)
    return tf.math.acosh(1.0 + 2.0 * gap / (1.0 - tf.reduce_sum(u * u, -1)))
def hyperboloid(u, v):
    return ops.arccosh(x=-ops.sum(u * v, axis=-1))
def heading(step):
    return tf.atan2(step[..., 1], step[..., 0])
def turn(step):
    return ops.arctan2(step[:, 1], step[:, 0])
path = tf.Variable([[0.0, 0.0], [1.0, 0.5], [1.0, 0.5], [2.0, 0.5]])
# %% the distance of a node to itself
# fix: nonfinite/infinite-derivative
# becomes: return tf.math.acosh(tf.maximum(1.0 + 2.0 * gap / (1.0 - tf.reduce_sum(u * u, -1)), 1.0 + 1e-6))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(apart(table(pairs[:, 0]), table(pairs[:, 1])))
grads = tape.gradient(loss, table.trainable_variables)
# %% a point at its own place
# fix: nonfinite/infinite-derivative
# becomes: return ops.arccosh(ops.maximum(-ops.sum(u * v, axis=-1), 1.0 + 1e-6))
point = tf.Variable([[1.0, 0.0], [1.5, 2.0]])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(hyperboloid(point, tf.constant([[-1.0, 0.0], [-1.0, 0.0]])))
grad = tape.gradient(loss, point)
# %% the heading of a step of no length
# fix: nonfinite/infinite-derivative
# becomes: return tf.atan2(step[..., 1], tf.where(tf.abs(step[..., 1]) + tf.abs(step[..., 0]) > 1e-6, step[..., 0], tf.ones_like(step[..., 0])))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(heading(path[1:] - path[:-1]) ** 2)
grad = tape.gradient(loss, path)
# %% the same in keras.ops
# fix: nonfinite/infinite-derivative
# becomes: return ops.arctan2(step[:, 1], ops.where(ops.abs(step[:, 1]) + ops.abs(step[:, 0]) > 1e-6, step[:, 0], ops.ones_like(step[:, 0])))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(turn(path[1:] - path[:-1]))
grad = tape.gradient(loss, path)
# %% the height of a circle at its edge
# fix: nonfinite/infinite-derivative
# becomes: loss = tf.reduce_sum(tf.sqrt(1.0 - x * x + 1e-12))
x = tf.Variable([0.5, 1.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sqrt(1.0 - x * x))
grad = tape.gradient(loss, x)
# %% an angle of two vectors that are one
# fix: nonfinite/infinite-derivative
# becomes: angle = tf.acos(tf.clip_by_value(tf.reduce_sum(v * u, axis=1) / 25.0, -1.0 + 1e-6, 1.0 - 1e-6))
v, u = tf.Variable([[3.0, 4.0], [4.0, 3.0]]), tf.constant([[3.0, 4.0]])
with tf.GradientTape() as tape:
    angle = tf.acos(tf.reduce_sum(v * u, axis=1) / 25.0)
grad = tape.gradient(angle, v)
