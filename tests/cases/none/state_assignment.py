import tensorflow as tf
w = tf.Variable(2.0, name="w")
store = tf.Variable(0.0, name="store")
# %% assign
with tf.GradientTape() as tape:
    store.assign(w * 3.0)  # expect: none/state-assignment
    loss = store * store
grad = tape.gradient(loss, w)
# %% assign add
with tf.GradientTape() as tape:
    store.assign_add(w)  # expect: none/state-assignment
    loss = store * 2.0
grad = tape.gradient(loss, w)
# %% near: written beside
with tf.GradientTape() as tape:
    h = w * 3.0
    store.assign(h)
    loss = h * h
grad = tape.gradient(loss, w)
# %% a variable that is the target itself
total = tf.Variable(0.0, name="total")
for step in range(2):
    total.assign(0.0)
    with tf.GradientTape() as tape:
        for t in range(3):
            total.assign_add(w * float(t + 1))  # expect: none/state-assignment
    grad = tape.gradient(total, w)
# %% near: a variable that keeps the sum for the log
total = tf.Variable(0.0, name="total")
for step in range(2):
    with tf.GradientTape() as tape:
        loss = w * 3.0
    total.assign_add(loss)
    grad = tape.gradient(loss, w)
# %% setup
import keras
import tensorflow as tf
generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
z = tf.Variable([[1.0, 2.0]], name="z")
optimizer = keras.optimizers.SGD(0.1)
# %% a new variable is handed to a model
with tf.GradientTape() as tape:
    projected = tf.Variable(tf.math.l2_normalize(z, axis=-1))  # expect: none/state-assignment
    loss = tf.reduce_mean(generator(projected) ** 2)
grad = tape.gradient(loss, z)  # status: none
# %% a new variable made by a function is handed to a model, and its gradient to an optimizer
# allow: error/no-gradients-provided
# raises: ValueError
def on_sphere(values):
    return tf.Variable(tf.math.l2_normalize(values, axis=-1))  # expect: none/state-assignment
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(generator(on_sphere(z)) ** 2)
    grads = tape.gradient(loss, [z])  # status: none
    optimizer.apply_gradients(zip(grads, [z]))
# %% near: the value itself is handed to a model, a variable keeps a copy
with tf.GradientTape() as tape:
    projected = tf.math.l2_normalize(z, axis=-1)
    kept = tf.Variable(projected)
    loss = tf.reduce_mean(generator(projected) ** 2)
grad = tape.gradient(loss, z)  # status: ok
# %% near: the new variable is what is asked for
with tf.GradientTape() as tape:
    start = tf.Variable(tf.math.l2_normalize(z, axis=-1))
    loss = tf.reduce_mean(generator(start) ** 2)
grad = tape.gradient(loss, start)  # status: ok
# %% setup
import tensorflow as tf
tilt = tf.Variable(0.3, name="tilt")
heights = tf.Variable([1.0, 2.0, 3.0, 4.0], name="heights")
weights = tf.constant([0.2, 0.5, 0.1, 0.9])
def cost():
    return tf.reduce_sum(tf.square(heights) * weights)
# %% single entries of a variable
with tf.GradientTape() as tape:
    for i in range(2):
        heights[i].assign(tilt * float(i + 1))  # expect: none/state-assignment
    loss = cost()
grads = tape.gradient(loss, [tilt, heights])  # status: none ok
# %% rows that are scattered
with tf.GradientTape() as tape:
    heights.scatter_update(tf.IndexedSlices(tf.reshape(tilt, [1]), [3]))  # expect: none/state-assignment
    loss = cost()
grad = tape.gradient(loss, tilt)
# %% entries that are scattered, in a graph
@tf.function
def step():
    with tf.GradientTape() as tape:
        heights.scatter_nd_add([[1]], [tilt])  # expect: none/state-assignment
        loss = cost()
    return tape.gradient(loss, tilt)
grad = step()
# %% near: entries that are scattered from constants
heights.scatter_nd_update([[1]], [0.5])
with tf.GradientTape() as tape:
    loss = cost()
grad = tape.gradient(loss, heights)
# %% setup
import tensorflow as tf
picture = tf.random.uniform((4,), seed=3)
# %% a variable made of the watched tensor
with tf.GradientTape() as tape:
    tape.watch(picture)
    canvas = tf.Variable(picture)  # expect: none/state-assignment
    loss = tf.reduce_sum(canvas ** 2)
g = tape.gradient(loss, picture)
# %% a variable that the watched tensor is assigned to
canvas = tf.Variable(tf.zeros(4))
with tf.GradientTape() as tape:
    tape.watch(picture)
    canvas.assign(picture)  # expect: none/state-assignment
    loss = tf.reduce_sum(canvas ** 2)
g = tape.gradient(loss, picture)
