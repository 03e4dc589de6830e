import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a variable in the loop
for _ in range(3):
    v = tf.Variable([1.0, -2.0])  # expect: step/recreated-every-step
    with tf.GradientTape() as tape:
        loss = loss_of(v)
    grads = tape.gradient(loss, [v])
    v.assign_sub(0.1 * grads[0])
# %% a model in the loop
optimizer = keras.optimizers.SGD(0.1)
for _ in range(3):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])  # expect: step/recreated-every-step
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(tf.ones((4, 2))) - 1.0))
    grads = tape.gradient(loss, model.trainable_variables)
    for variable, grad in zip(model.trainable_variables, grads):
        variable.assign_sub(0.1 * grad)
# %% near: made once
v = tf.Variable([1.0, -2.0])
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(v)
    grads = tape.gradient(loss, [v])
    v.assign_sub(0.1 * grads[0])
# %% an optimizer with moments for each step
v = tf.Variable([1.0, 2.0], name="v")
for turn in range(4):
    adam = tf.keras.optimizers.Adam(0.1)  # expect: step/recreated-every-step
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)
    adam.apply_gradients([(tape.gradient(loss, v), v)])  # also: step/recreated-every-step
# %% near: plain descent remembers nothing
v = tf.Variable([1.0, 2.0], name="v")
for turn in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)
    tf.keras.optimizers.SGD(0.1).apply_gradients([(tape.gradient(loss, v), v)])
# %% near: each task begins anew on purpose
v = tf.Variable([1.0, 2.0], name="v")
for task in range(4):
    start = tf.identity(v)
    adam = tf.keras.optimizers.Adam(0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(v - float(task)))
    adam.apply_gradients([(tape.gradient(loss, v), v)])
    v.assign(start + 0.5 * (v - start))
# %% near: two descents, one after the other
def descend(begin):
    v = tf.Variable(begin)
    for _ in range(4):
        with tf.GradientTape() as tape:
            loss = loss_of(v)
        v.assign_sub(0.1 * tape.gradient(loss, v))
    return v
ends = [descend([1.0, -2.0]), descend([3.0, 1.0])]
# %% near: a model for each fold, which is evaluated
table = np.random.default_rng(1).normal(size=(40, 4)).astype("float32")
wanted = table.sum(axis=1)
scores = []
for fold in range(2):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(table[fold::2], wanted[fold::2], verbose=0)
    scores.append(model.evaluate(table[1 - fold :: 2], wanted[1 - fold :: 2], verbose=0))
# %% a model for each epoch
rows = np.random.default_rng(2).normal(size=(20, 4)).astype("float32")
for epoch in range(3):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])  # expect: step/recreated-every-step
    model.compile("sgd", "mse")
    history = model.fit(rows, rows.sum(axis=1), verbose=0)
# %% a model for each epoch, which has several batches
rows = tf.random.normal((24, 4))
for epoch in range(3):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])  # expect: step/recreated-every-step
    for some in tf.data.Dataset.from_tensor_slices(rows).batch(8):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(some) - tf.reduce_sum(some, axis=1, keepdims=True)) ** 2)
        grads = tape.gradient(loss, model.trainable_variables)
        for v, g in zip(model.trainable_variables, grads):
            v.assign_sub(0.1 * g)
# %% near: a model for each setting
rows = np.random.default_rng(2).normal(size=(20, 4)).astype("float32")
for units in (2, 3):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(1)])  # note: step/recreated-every-step
    model.compile("sgd", "mse")
    history = model.fit(rows, rows.sum(axis=1), verbose=0)
# %% near: several starts, made by a function
rows = np.random.default_rng(2).normal(size=(20, 4)).astype("float32")
def trained(seed):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])  # note: step/recreated-every-step
    model.compile("sgd", "mse")
    model.fit(rows, rows.sum(axis=1), verbose=0)
    return model
ensemble = [trained(seed) for seed in range(3)]
# %% setup
import tensorflow as tf
weights = tf.Variable([1.0, -1.0], name="weights")
rows, wanted = tf.random.normal((20, 2), seed=1), tf.random.normal((20,), seed=2)
def error(w):
    return tf.reduce_mean((tf.linalg.matvec(rows, w) - wanted) ** 2)
# %% near: a snapshot of the weights, made in every turn (variance reduction)
for turn in range(3):
    snapshot = tf.Variable(weights)
    with tf.GradientTape() as tape:
        loss = error(snapshot)
    mean = tape.gradient(loss, snapshot)
    for step in range(2):
        with tf.GradientTape() as tape:
            loss = error(weights)
        weights.assign_sub(0.05 * (tape.gradient(loss, weights) + 0.1 * mean))
