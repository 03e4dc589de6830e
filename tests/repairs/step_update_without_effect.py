# %% setup
import keras
import numpy as np
import tensorflow as tf
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
EPOCHS = 5
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
pretrained = model.get_weights()
sgd = keras.optimizers.SGD(0.1)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
def round_of(inputs, labels):
    for turn in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - labels))
        sgd.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return float(loss)
def epoch_of(model, inputs, labels):
    model.set_weights(pretrained)  # again
    return round_of(inputs, labels)
def clear(totals):
    for total in totals:
        total.assign(tf.zeros_like(total))
# %% a schedule that counts epochs
# fix: step/update-without-effect
# becomes: schedule = keras.optimizers.schedules.PolynomialDecay(0.05, decay_steps=EPOCHS * 4, end_learning_rate=0.0)
schedule = keras.optimizers.schedules.PolynomialDecay(0.05, decay_steps=EPOCHS, end_learning_rate=0.0)
model.compile(keras.optimizers.SGD(schedule), "mse")
history = model.fit(x, y, batch_size=8, epochs=EPOCHS, verbose=0)
# %% weights that are put back in each turn
# fix: step/update-without-effect
# becomes: model.set_weights(pretrained)
# becomes: for epoch in range(4):
for epoch in range(4):
    model.set_weights(pretrained)
    round_of(x, y)
# %% weights that a function puts back
# fix: step/update-without-effect
# becomes: model.set_weights(pretrained)  # again
losses = []
for epoch in range(4):
    losses.append(epoch_of(model, x, y))
# %% weights that are put back behind each step
# fix: step/update-without-effect
# gone: model.set_weights(pretrained)
for inputs, labels in data:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(inputs) - labels))
    sgd.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    model.set_weights(pretrained)
# %% gradients that are cleared before they are applied
# fix: step/update-without-effect
# becomes: sgd.apply_gradients(zip(sums, model.trainable_variables))
# becomes: clear(sums)
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
for turn in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for total, g in zip(sums, tape.gradient(loss, model.trainable_variables)):
        total.assign_add(g)
    if turn % 2 == 1:
        clear(sums)
        sgd.apply_gradients(zip(sums, model.trainable_variables))
# %% a constraint that holds a weight
# fix: step/update-without-effect
# becomes: line = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
line = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_constraint=keras.constraints.UnitNorm(axis=0))])
line.compile(keras.optimizers.SGD(0.1), "mse")
history = line.fit(x[:, :1], 0.3 * x[:, :1] + 0.1, batch_size=8, epochs=3, verbose=0)
# %% a target network that gets its own weights
# fix: step/update-without-effect
# becomes: target.set_weights(model.get_weights())
target = keras.models.clone_model(model)
for inputs, labels in data:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - (labels + 0.9 * target(inputs))) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    for t in target.weights:
        t.assign(t)
# %% weights that are blended with themselves
# fix: step/update-without-effect
# becomes: for old, new in zip(target.weights, model.weights):
target = keras.models.clone_model(model)
for inputs, labels in data:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(inputs) - (labels + 0.9 * target(inputs))) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    for old, new in zip(target.weights, target.weights):
        old.assign(0.9 * old + 0.1 * new)
# %% steps that float16 rounds away
# fix: step/update-without-effect
# becomes: h = tf.Variable(tf.ones((3,), tf.float32) * 100.0, name="h")
h = tf.Variable(tf.ones((3,), tf.float16) * 100.0, name="h")
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(h)
    h.assign_sub(tf.constant(1e-3, tf.float16) * tape.gradient(loss, h))
# %% setup
import keras
import numpy as np
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
# %% a rate of 0 in compile
# fix: step/update-without-effect
# becomes: other.compile(keras.optimizers.Adam(learning_rate=0.01), "mse")
other = keras.models.clone_model(model)
other.compile(keras.optimizers.Adam(learning_rate=0.0), "mse")
history = other.fit(x, y, batch_size=8, epochs=2, verbose=0)
# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
def build():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
student, teacher = build(), build()
sgd = keras.optimizers.SGD(0.1)
def follow(decay=0.9):
    weights = teacher.weights
    weights = [(1.0 - decay) * s + decay * t for s, t in zip(student.weights, weights)]
    return weights
# %% a moving average that is assigned to nothing
# fix: step/trained-another-object
# becomes: for s, t in zip(student.weights, weights):
# becomes: t.assign((1.0 - decay) * s + decay * t)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((student(x) - y) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, student.trainable_variables), student.trainable_variables))
    follow()
# %% setup
import numpy as np
import keras
keras.utils.set_random_seed(5)
rows = np.random.default_rng(5).normal(size=(20, 3)).astype("float32")
sums = rows.sum(axis=1, keepdims=True)
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
net.compile(optimizer=keras.optimizers.Adam(1e-2, gradient_accumulation_steps=32), loss="mse")
# %% more steps to add up than there are
# fix: step/update-without-effect
# becomes: net.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse")
history = net.fit(rows, sums, batch_size=4, epochs=2, verbose=0)
