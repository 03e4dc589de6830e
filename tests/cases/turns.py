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
# %% setup
import tensorflow as tf
import keras
w = tf.Variable([2.0, 0.0, 1.0], name="w")
b = tf.Variable(1.0, name="b")
x = tf.constant([1.0, 2.0, 3.0])
# %% an infinite slope in a branch under a tape of a graph
@tf.function
def step(flag):
    with tf.GradientTape() as tape:
        if flag:
            loss = tf.reduce_sum(tf.sqrt(w * x))  # expect: nonfinite/infinite-derivative
        else:
            loss = tf.reduce_sum(w * x)
        loss *= b
    return tape.gradient(loss, [w, b])  # status: nan|inf ok
step(tf.constant(True))
# %% a dead unit in a loop under a tape of a graph
@tf.function
def step():
    with tf.GradientTape() as tape:
        state = b * 0.5
        for i in tf.range(3):
            state += tf.nn.relu(w[0] * x[i] - 100.0)  # expect: zero/dead-activation
        loss = state**2
    return tape.gradient(loss, [w, b])  # status: zero ok
step()
# %% a compiled loss of a compiled step
@tf.function
def criterion(value):
    return tf.reduce_sum(tf.math.log(value))  # expect: nonfinite/invalid-forward-value
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = criterion(w * x) * b
    return tape.gradient(loss, [w, b])  # status: nan|inf nan|inf
step()
# %% a compiled loss of two compiled steps, of which one is good
@tf.function
def criterion(value):
    return tf.reduce_sum(tf.sqrt(value))  # expect: nonfinite/infinite-derivative
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = criterion(w * x + 1.0)
    good = tape.gradient(loss, [w])  # status: ok
    with tf.GradientTape() as tape:
        loss = criterion(w * x)
    return good, tape.gradient(loss, [w])  # status: nan|inf
step()
# %% a conditional layer of a model in a compiled fit
class Gate(keras.layers.Layer):
    def call(self, inputs):
        return tf.cond(tf.reduce_sum(inputs) > -1e9, lambda: tf.nn.relu(inputs - 100.0), lambda: inputs)  # expect: zero/dead-activation
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), Gate(), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(tf.ones((4, 3)), tf.ones((4, 1)), verbose=0)  # status: zero zero zero ok
# %% near: a loop, a branch and a compiled loss
@tf.function
def criterion(value):
    return tf.reduce_sum(tf.sqrt(value + 0.1))
@tf.function
def step(flag):
    with tf.GradientTape() as tape:
        state = tf.constant(0.0)
        for i in tf.range(3):
            state += tf.nn.relu(w[i] * x[i]) if flag else tf.sqrt(w[i])
        loss = criterion(w * x) * b + state
    return tape.gradient(loss, [w, b])  # status: ok ok
step(tf.constant(True))
# %% a tape inside a gradient function, and a slope that comes in a later turn
@tf.custom_gradient
def doubled(z):
    def grad(upstream):
        with tf.GradientTape() as inner:
            inner.watch(z)
            twice = z * 2.0
        return inner.gradient(twice, z, output_gradients=upstream)
    return z * 2.0, grad
pair = tf.Variable([1.0, 2.0], name="pair")
for turn in range(5):
    shift = tf.constant([0.0, 4.0 if turn == 3 else 0.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(doubled(pair) - shift))  # expect: nonfinite/infinite-derivative
    grad = tape.gradient(loss, pair)  # allow: step/gradients-not-applied
