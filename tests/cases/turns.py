import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(4)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
w = tf.Variable(tf.ones((3, 1)), name="w")
b = tf.Variable(0.5, name="b")
opt = keras.optimizers.Adam(0.1)
opt.build([w, b])
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(16).batch(4)
# %% over a dataset
@tf.function
def train():
    for xb, yb in data:
        with tf.GradientTape() as tape:
            error = tf.matmul(xb, w) * b - yb
            loss = tf.reduce_mean(error**2) + tf.reduce_sum(tf.sqrt(tf.nn.relu(w - 1.0)))  # expect: nonfinite/infinite-derivative
        grads = tape.gradient(loss, [w, b])  # status: nan ok
        b.assign_sub(0.1 * grads[1])
train()
# %% over a dataset that is left early
@tf.function
def train(most):
    steps = 0
    for xb, yb in data:
        with tf.GradientTape() as tape:
            hidden = tf.nn.relu(tf.matmul(xb, w) - 100.0)  # expect: zero/dead-activation
            loss = tf.reduce_mean((hidden - yb) ** 2) + b
        grads = tape.gradient(loss, [w, b])  # status: zero ok
        opt.apply_gradients(zip(grads, [w, b]))
        steps += 1
        if steps >= most:
            break
    return steps
train(tf.constant(2))
# %% a step of its own for each batch, with dropout
@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        hidden = tf.nn.dropout(tf.matmul(xb, w), 0.5)
        loss = tf.reduce_mean((hidden * b - yb) ** 2) + tf.reduce_mean(tf.sqrt((hidden - hidden) ** 2))  # expect: nonfinite/infinite-derivative
    grads = tape.gradient(loss, [w, b])  # status: nan ok
    b.assign_sub(0.1 * grads[1])
    return loss
@tf.function
def train():
    last = 0.0
    for epoch in tf.range(2):
        for xb, yb in data:
            last = step(xb, yb)
    return last
train()
# %% a while loop with random numbers, in a branch too
@tf.function
def train(n):
    i = tf.constant(0)
    while i < n:
        with tf.GradientTape() as tape:
            noise = tf.random.normal((4, 3))
            if tf.reduce_mean(noise) > -1e9:
                noise = noise + tf.random.uniform((4, 1))
            loss = tf.reduce_mean(tf.math.log(tf.abs(tf.matmul(noise, w)) * tf.cast(3 - i, tf.float32))) + b  # expect: nonfinite/invalid-forward-value
        grads = tape.gradient(loss, [w, b])  # status: nan ok
        b.assign_sub(0.1 * grads[1])
        i += 1
    return b.read_value()
train(tf.constant(5))
# %% batches from an iterator
batches = iter(data)
@tf.function
def train(batches):
    for xb, yb in batches:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.sign(tf.matmul(xb, w)) * b - yb) ** 2)  # expect: zero/zero-derivative-op
        grads = tape.gradient(loss, [w, b])  # status: zero ok
        opt.apply_gradients(zip(grads, [w, b]))
train(batches)
# %% words beside numbers
words = tf.data.Dataset.from_tensor_slices((tf.constant(["a", "bb", "", "c"]), tf.constant([1.0, 2.0, 3.0, 4.0])))
@tf.function
def train():
    for word, number in words:
        with tf.GradientTape() as tape:
            loss = number * b / tf.cast(tf.strings.length(word), tf.float32)  # expect: nonfinite/invalid-forward-value
        grads = tape.gradient(loss, [b])  # status: inf
train()
# allow: step/gradients-not-applied
# %% several steps of fit in one
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(0.3), keras.layers.Dense(1)])
def distance(target, value):
    return tf.reduce_mean(tf.sqrt(tf.nn.relu(value - 100.0) ** 2))  # expect: nonfinite/infinite-derivative
model.compile("sgd", distance, steps_per_execution=2)
model.fit(x, y, batch_size=4, verbose=0)
# %% good at first, and a value out of range later
@tf.function
def train():
    for i in tf.range(8):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.exp(20.0 * tf.cast(i, tf.float32) * w + 0.0 * tf.random.normal((3, 1))))  # expect: nonfinite/overflow
        grads = tape.gradient(loss, [w])  # status: inf|nan
train()
# allow: step/gradients-not-applied zero/masked-out zero/unexplained
# %% near: a healthy loop over a dataset with dropout
@tf.function
def train():
    last = 0.0
    for xb, yb in data.repeat(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.nn.dropout(tf.matmul(xb, w), 0.2) * b - yb) ** 2)
        grads = tape.gradient(loss, [w, b])  # status: ok ok
        opt.apply_gradients(zip(grads, [w, b]))
        last = loss
    return last
train()
# %% near: an adversarial pair in turns
score = tf.Variable(0.3, name="score")
@tf.function
def train():
    for xb, yb in data:
        noise = tf.random.normal((4, 3))
        with tf.GradientTape() as tape:
            fake = tf.matmul(noise, w)
            loss = tf.reduce_mean(tf.nn.softplus(-score * yb) + tf.nn.softplus(score * tf.stop_gradient(fake)))
        score.assign_sub(0.1 * tape.gradient(loss, score))
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(-score * tf.matmul(noise, w)))
        opt.apply_gradients([(tape.gradient(loss, w), w)])
train()
# %% a function that map_fn runs outside of graphs
def distance(value):
    nearest = tf.round(value)  # expect: none/non-differentiable-op
    return (nearest - 0.3) ** 2
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.map_fn(lambda factor: distance(b * factor), tf.constant([1.0, 2.0])))
grads = tape.gradient(loss, [b])  # status: none
# %% a method that scan runs outside of graphs
class Walk:
    def step(self, position, push):
        return position + tf.sqrt(tf.nn.relu(b * push - 100.0))  # expect: nonfinite/infinite-derivative
with tf.GradientTape() as tape:
    path = tf.scan(Walk().step, tf.constant([1.0, 2.0]), initializer=tf.constant(0.0))
    loss = tf.reduce_sum(path)
grads = tape.gradient(loss, [b])  # status: nan
