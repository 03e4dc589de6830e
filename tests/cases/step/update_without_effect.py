import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a learning rate of zero
optimizer = keras.optimizers.SGD(0.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))  # expect: step/update-without-effect
# %% weights of float16
h = tf.Variable(tf.constant([100.0, 200.0], tf.float16), name="h")
optimizer = keras.optimizers.SGD(1e-5)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(h)
    grads = tape.gradient(loss, [h])
    optimizer.apply_gradients(zip(grads, [h]))  # expect: step/update-without-effect
# %% a model that is frozen
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.trainable = False
model.train_on_batch(tf.ones((4, 2)), tf.ones((4, 1)))  # expect: step/update-without-effect
# %% near: an ordinary step
optimizer = keras.optimizers.SGD(0.1)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
# %% setup
import numpy as np
import tensorflow as tf
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
def round_of(optimizer):
    for inputs, labels in data:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - labels))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return float(loss)
# %% a schedule that counts epochs, in fit
optimizer = keras.optimizers.SGD(keras.optimizers.schedules.PolynomialDecay(0.05, decay_steps=5, end_learning_rate=0.0))
model.compile(optimizer, "mse")
history = model.fit(x, y, batch_size=8, epochs=5, verbose=0)  # expect: step/update-without-effect
# %% a schedule that counts epochs, in a traced step
optimizer = keras.optimizers.SGD(keras.optimizers.schedules.PolynomialDecay(0.05, decay_steps=3, end_learning_rate=0.0))
@tf.function
def step(inputs, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))  # expect: step/update-without-effect
for epoch in range(3):
    for inputs, labels in data:
        step(inputs, labels)
# %% near: a schedule that ends with the training
optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, decay_steps=20))
model.compile(optimizer, "mse")
history = model.fit(x, y, batch_size=8, epochs=5, verbose=0)
# %% weights that are put back before each round
start = model.get_weights()
for epoch in range(4):
    model.set_weights(start)  # expect: step/update-without-effect
    round_of(keras.optimizers.SGD(0.1))
# %% weights that are put back before each fit
model.compile("sgd", "mse")
start = model.get_weights()
for epoch in range(4):
    model.set_weights(start)  # expect: step/update-without-effect
    history = model.fit(x, y, batch_size=16, shuffle=False, verbose=0)
# %% near: adapted, scored and put back
start, scores = model.get_weights(), []
for task in range(4):
    round_of(keras.optimizers.SGD(0.1))
    scores.append(float(tf.reduce_mean(tf.square(model(x) - y))))
    model.set_weights(start)
# %% near: trained, predicted with and put back
model.compile("sgd", "mse")
start, scores = model.get_weights(), []
for task in range(4):
    history = model.fit(x, y, batch_size=16, shuffle=False, verbose=0)
    scores.append(model.predict(x, verbose=0).mean())
    model.set_weights(start)
# %% near: trained, recorded and put back
start, found = model.get_weights(), []
for task in range(4):
    round_of(keras.optimizers.SGD(0.1))
    found.append(model.get_weights())
    model.set_weights(start)
# %% near: variables whose values are kept as arrays and put back
v, found = tf.Variable(tf.fill((4, 1), 0.5), name="v"), []
start = v.numpy()
for task in range(4):
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ v - y))
        v.assign_sub(0.1 * tape.gradient(loss, v))
    found.append(v.numpy())
    v.assign(start)
# %% variables that are put back by hand
v = tf.Variable(tf.fill((4, 1), 0.5), name="v")
start = v.numpy()
for task in range(4):
    v.assign(start)  # expect: step/update-without-effect
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(x @ v - y))
        v.assign_sub(0.1 * tape.gradient(loss, v))
# %% near: a search for a rate that begins anew for each
start, losses = model.get_weights(), []
for rate in (1e-3, 1e-2, 1e-1):
    model.set_weights(start)
    losses.append(round_of(keras.optimizers.SGD(rate)))
# %% near: moved halfway to what was found
for task in range(4):
    start = model.get_weights()
    round_of(keras.optimizers.SGD(0.1))
    model.set_weights([a + 0.5 * (b - a) for a, b in zip(start, model.get_weights())])
# %% gradients that are added up and set to zero before they are applied
optimizer = keras.optimizers.SGD(0.1)
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
for turn in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for total, g in zip(sums, tape.gradient(loss, model.trainable_variables)):
        total.assign_add(g)
    if turn % 2 == 1:
        for total in sums:
            total.assign(tf.zeros_like(total))
        optimizer.apply_gradients(zip(sums, model.trainable_variables))  # expect: step/update-without-effect
# %% near: gradients that are added up, applied and set to zero
optimizer = keras.optimizers.SGD(0.1)
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
for turn in range(6):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for total, g in zip(sums, tape.gradient(loss, model.trainable_variables)):
        total.assign_add(g)
    if turn % 2 == 1:
        optimizer.apply_gradients(zip(sums, model.trainable_variables))
        for total in sums:
            total.assign(tf.zeros_like(total))
# %% a constraint that leaves a single weight its sign
line = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_constraint=keras.constraints.UnitNorm(axis=0))])
line.compile(keras.optimizers.SGD(0.1), "mse")
history = line.fit(x[:, :1], 0.3 * x[:, :1] + 0.1, batch_size=8, epochs=3, verbose=0)  # expect: step/update-without-effect
# %% near: a constraint that lets the weights turn
line = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, kernel_constraint=keras.constraints.UnitNorm(axis=0))])
line.compile(keras.optimizers.SGD(0.1), "mse")
history = line.fit(x, y, batch_size=8, epochs=3, verbose=0)
# %% near: a constraint that holds a bias at zero
line = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, bias_constraint=keras.constraints.NonNeg())])
line.compile(keras.optimizers.SGD(0.01), "mse")
history = line.fit(x, y - 9.0, batch_size=8, epochs=3, verbose=0)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(6)
online, target = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]) for _ in range(2))
target.set_weights(online.get_weights())
optimizer = keras.optimizers.SGD(0.1)
x, y = tf.random.normal((8, 3)), tf.random.normal((8, 1))

def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((online(x) - y - 0.9 * target(x)) ** 2)
    optimizer.apply(tape.gradient(loss, online.trainable_variables), online.trainable_variables)
# %% a target network blended with itself
for turn in range(3):
    step()
    for old, new in zip(target.variables, target.variables):
        old.assign(0.9 * old + 0.1 * new)  # expect: step/update-without-effect
# %% near: blended with the other
for turn in range(3):
    step()
    for old, new in zip(target.variables, online.variables):
        old.assign(0.9 * old + 0.1 * new)
# %% near: weights that decay
for turn in range(3):
    step()
    for old in online.trainable_variables:
        old.assign(0.999 * old)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
rows = np.random.default_rng(3).normal(size=(24, 5)).astype("float32")
sums = rows.sum(axis=1, keepdims=True)
def network(steps, **more):
    made = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
    made.compile(keras.optimizers.SGD(0.05, gradient_accumulation_steps=steps, **more), "mse")
    return made
# %% fewer batches than are added up
slow = network(10)
history = slow.fit(rows, sums, batch_size=8, epochs=3, verbose=0)  # expect: step/update-without-effect
# %% fewer steps of a loop than are added up
slow, few = keras.layers.Dense(1), keras.optimizers.Adam(0.01, gradient_accumulation_steps=8)
slow.build((None, 5))
for step in range(5):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(slow(rows) - sums))
    few.apply_gradients(zip(tape.gradient(loss, slow.trainable_variables), slow.trainable_variables))  # expect: step/update-without-effect
# %% near: an update in the second epoch
slow = network(5)
history = slow.fit(rows, sums, batch_size=8, epochs=3, verbose=0)
# %% near: an update with the last batch
slow = network(3)
history = slow.fit(rows, sums, batch_size=8, epochs=1, verbose=0)
# %% setup
import numpy as np
import keras
keras.utils.set_random_seed(4)
rows = np.random.default_rng(4).normal(size=(24, 5)).astype("float32")
sums = rows.sum(axis=1, keepdims=True)
slow = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
slow.compile(keras.optimizers.SGD(0.05, gradient_accumulation_steps=4), "mse")
history = slow.fit(rows, sums, batch_size=4, epochs=1, verbose=0)
# %% near: a sum that an earlier cell has begun and that is not full yet
history = slow.fit(rows[:4], sums[:4], batch_size=4, epochs=1, verbose=0)  # note: step/update-without-effect
# %% near: a sum that is filled up in this cell
history = slow.fit(rows, sums, batch_size=8, epochs=1, verbose=0)
# %% setup
import tensorflow as tf
import keras
steer = tf.Variable([[0.4, -0.3]], name="steer")
def drift(turns):
    place = tf.constant([[0.5], [1.0]])
    for _ in range(turns):
        place = place + 4.0 * tf.sin(place) + tf.reduce_sum(steer)  # expect: scale/exploding-through-depth
    return tf.reduce_mean(place)
# %% a gradient that is too large to be clipped
pilot = keras.optimizers.SGD(0.1, clipnorm=1.0)
with tf.GradientTape() as tape:
    loss = drift(80)
grads = tape.gradient(loss, [steer])  # status: exploding
pilot.apply_gradients(zip(grads, [steer]))  # note: step/update-without-effect
# expect setup
# %% near: a gradient that is clipped
pilot = keras.optimizers.SGD(0.1, clipnorm=1.0)
with tf.GradientTape() as tape:
    loss = drift(2)
grads = tape.gradient(loss, [steer])
pilot.apply_gradients(zip(grads, [steer]))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
signals, levels = tf.random.normal((32, 6)), tf.random.normal((32, 1))
filters = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="tanh", dtype="mixed_float16"), keras.layers.Dense(1, dtype="float32")])
filters.layers[0].bias.assign(tf.ones(8))
filters.layers[1].bias.assign([1.0])
descent = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-5))
# %% a loss that nothing scales
for _ in range(3):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean((filters(signals) - levels) ** 2)
    slopes = tape.gradient(error, filters.trainable_variables)
    descent.apply_gradients(zip(slopes, filters.trainable_variables))  # expect: step/update-without-effect
# %% near: a loss that is scaled
for _ in range(3):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean((filters(signals) - levels) ** 2)
        scaled = descent.scale_loss(error)
    slopes = tape.gradient(scaled, filters.trainable_variables)
    descent.apply_gradients(zip(slopes, filters.trainable_variables))
# %% sums that a loop throws away
weights = [tf.Variable(1.0), tf.Variable(2.0)]
totals, slow = [tf.zeros_like(w) for w in weights], tf.keras.optimizers.SGD(0.1)
for turn in range(2):
    with tf.GradientTape() as tape:
        loss = tf.add_n([w**2 for w in weights])
    for total, gradient in zip(totals, tape.gradient(loss, weights)):
        total = total + gradient  # expect: step/update-without-effect
slow.apply_gradients(zip(totals, weights))
# %% near: sums that are kept
weights = [tf.Variable(1.0), tf.Variable(2.0)]
totals, slow = [tf.zeros_like(w) for w in weights], tf.keras.optimizers.SGD(0.1)
for turn in range(2):
    with tf.GradientTape() as tape:
        loss = tf.add_n([w**2 for w in weights])
    totals = [total + gradient for total, gradient in zip(totals, tape.gradient(loss, weights))]
slow.apply_gradients(zip(totals, weights))
