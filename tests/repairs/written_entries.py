# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
tax = tf.Variable(0.2, name="tax")
wages = tf.Variable([3.0, 5.0, 8.0], name="wages")
hours = tf.constant([10.0, 4.0, 6.0])
x = tf.random.normal((2, 5))
class Notes(keras.layers.Layer):
    def __init__(self, rows):
        super().__init__()
        self.rows = tf.Variable(tf.zeros((rows, 3)), trainable=False)
        self.writer, self.reader = keras.layers.Dense(3), keras.layers.Dense(1)
    def call(self, inputs):
        self.rows.scatter_nd_update([[0], [2]], self.writer(inputs))
        return self.reader(self.rows)
def bill(rate):
    wages.scatter_update(tf.IndexedSlices(tf.reshape(rate, [1]), [1]))
    wages.scatter_nd_add(indices=[[2]], updates=[rate])
    return tf.reduce_sum(wages * hours)
# %% the result of the update is computed with
# fix: none/state-assignment
# becomes: paid = tf.tensor_scatter_nd_update(wages, [[0]], [3.0 * (1.0 - tax)])  # after tax
# becomes: wages.assign(paid)
with tf.GradientTape() as tape:
    paid = wages.scatter_nd_update([[0]], [3.0 * (1.0 - tax)])  # after tax
    total = tf.reduce_sum(paid * hours)
slope = tape.gradient(total, tax)
# %% entry by entry in a loop
# fix: none/state-assignment
# becomes: wages_value = tf.convert_to_tensor(wages)
# becomes: wages_value = tf.tensor_scatter_nd_update(wages_value, [[i]], [tax * float(i)])
# becomes: wages.assign(wages_value)
# becomes: total = tf.reduce_sum(wages_value * hours)
with tf.GradientTape() as tape:
    for i in range(3):
        wages[i].assign(tax * float(i))
    total = tf.reduce_sum(wages * hours)
slope = tape.gradient(total, tax)
# %% a memory that a layer writes
# fix: none/state-assignment
# becomes: rows_value = tf.tensor_scatter_nd_update(self.rows, [[0], [2]], self.writer(inputs))
# becomes: self.rows.assign(rows_value)
# becomes: return self.reader(rows_value)
notes = Notes(4)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((notes(x) - 1.0) ** 2)
slopes = tape.gradient(loss, notes.trainable_variables)
# %% two writes in a function
# fix: none/state-assignment
# becomes: wages_value = tf.tensor_scatter_nd_update(wages, tf.expand_dims([1], -1), tf.reshape(rate, [1]))
# becomes: wages_value = tf.tensor_scatter_nd_add(wages_value, [[2]], [rate])
# becomes: return tf.reduce_sum(wages_value * hours)
with tf.GradientTape() as tape:
    total = bill(tax)
slope = tape.gradient(total, tax)
# %% a part of a longer line
# fix: none/state-assignment
# becomes: wages_value = tf.tensor_scatter_nd_max(wages, [[1]], [40.0 * tax])
# becomes: total = tf.reduce_sum(wages_value * hours) + tax ** 2
with tf.GradientTape() as tape:
    total = tf.reduce_sum(wages.scatter_nd_max([[1]], [40.0 * tax]) * hours) + tax ** 2
    total = total - tax ** 2 + tf.stop_gradient(tax)
    total = tf.reduce_sum(wages * hours)
slope = tape.gradient(total, tax)
# %% an index from behind, which a scatter does not take
# none: none/state-assignment
with tf.GradientTape() as tape:
    wages[-1].assign(7.0 * tax)
    total = tf.reduce_sum(wages * hours)
slope = tape.gradient(total, tax)
# %% the whole is written in between
# none: none/state-assignment
with tf.GradientTape() as tape:
    wages.scatter_nd_update([[0]], [tax])
    wages.assign_add(tf.ones(3))
    total = tf.reduce_sum(wages * hours)
slope = tape.gradient(total, tax)
# %% setup
import numpy as np
import tensorflow as tf
inner, outer = tf.Variable(tf.random.normal((2, 3), seed=1)), tf.Variable(tf.random.normal((3, 3), seed=2))
signal = tf.random.normal((4, 5, 2), seed=3)
# %% the states of a loop over time, each a matrix
# fix: none/left-tensorflow
# becomes: states = []
# becomes: states.append(h)
# becomes: loss = tf.reduce_mean(tf.stack(states) ** 2)
states = np.zeros((4, 5, 3), "float32")
with tf.GradientTape() as tape:
    h = tf.zeros((5, 3))
    for k in range(4):
        h = tf.tanh(signal[k] @ inner + h @ outer)
        states[k] = h
    loss = tf.reduce_mean(states ** 2)
grads = tape.gradient(loss, [inner, outer])
# %% rows that go on from the one before, in a function
# fix: none/left-tensorflow
# becomes: path = [tf.convert_to_tensor(begin)]
# becomes: path.append(tf.stack([here[0] + 0.1 * here[1], here[1] + 0.1 * pushes[k]]))
# becomes: return tf.stack(path)
# gone: path[0] = begin
begin = np.array([1.0, -0.5], "float32")
pushes = tf.Variable(tf.fill((6,), 0.2))
def travel(pushes):
    path = np.zeros((7, 2), "float32")
    path[0] = begin
    for k in range(6):
        here = path[k]
        path[k + 1] = tf.stack([here[0] + 0.1 * here[1], here[1] + 0.1 * pushes[k]])
    return path
with tf.GradientTape() as tape:
    path = travel(pushes)
    loss = tf.reduce_sum(tf.square(path[-1, 1]))
grad = tape.gradient(loss, pushes)
# %% near: rows that look two steps back
# none: none/left-tensorflow
begin = np.array([1.0, -0.5], "float32")
pushes = tf.Variable(tf.fill((6,), 0.2))
path = np.zeros((7, 2), "float32")
path[0] = begin
with tf.GradientTape() as tape:
    for k in range(6):
        path[k + 1] = 0.5 * path[k] + 0.1 * path[k - 1] + pushes[k]
    loss = tf.reduce_sum(tf.square(path[-1]))
grad = tape.gradient(loss, pushes)
