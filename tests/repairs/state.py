# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
mse, meta = keras.losses.MeanSquaredError(), keras.optimizers.Adam(1e-3)
w, b, rate = tf.Variable(tf.zeros((4, 1))), tf.Variable(0.0), tf.Variable(0.1)
def copy_of(model):
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    return clone
@tf.function
def total(steps):
    kept = tf.TensorArray(tf.float32, size=steps)
    for i in tf.range(steps):
        kept.write(i, rate * tf.cast(i, tf.float32))
    return tf.reduce_sum(kept.stack())
# %% names that are given tensors side by side
# fix: none/variable-replaced
# becomes: w.assign_sub(0.1 * dw)  # the weights
# becomes: b.assign_sub(0.1 * db)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b - y) ** 2)
    dw, db = tape.gradient(loss, [w, b])
    if dw is None:
        break
    w = w - 0.1 * dw  # the weights
    b = b - 0.1 * db
# %% an inner step that assigns
# fix: none/state-assignment
# becomes: adapted = [v - (rate * g) for v, g in zip(model.trainable_variables, grads)]
# becomes: meta_loss = tf.reduce_mean((model.stateless_call(adapted, model.non_trainable_variables, x)[0] - y) ** 2)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = inner.gradient(loss, model.trainable_variables)
    for v, g in zip(model.trainable_variables, grads):
        v.assign_sub(rate * g)
    meta_loss = tf.reduce_mean((model(x) - y) ** 2)
slope = outer.gradient(meta_loss, rate)
# %% an inner step on a copy
# fix: none/different-object
# becomes: train_loss = mse(y, model(x))
# becomes: test_loss = mse(y, model.stateless_call(adapted, model.non_trainable_variables, x)[0])
# gone: learner = copy_of(model)
with tf.GradientTape() as outer:
    learner = copy_of(model)
    with tf.GradientTape() as inner:
        train_loss = mse(y, learner(x))
    grads = inner.gradient(train_loss, learner.trainable_variables)
    for v, g in zip(learner.trainable_variables, grads):
        v.assign_sub(0.01 * g)
    test_loss = mse(y, learner(x))
meta_grads = outer.gradient(test_loss, model.trainable_variables)
meta.apply_gradients(zip(meta_grads, model.trainable_variables))
# %% a metric that keeps the loss
# fix: none/state-assignment
# becomes: value = tf.reduce_mean((model(x) - y) ** 2)
# becomes: mean.update_state(value)
# becomes: loss = value
mean = keras.metrics.Mean()
with tf.GradientTape() as tape:
    mean.update_state(tf.reduce_mean((model(x) - y) ** 2))
    loss = mean.result()
grads = tape.gradient(loss, model.trainable_variables)
# %% an array that a loop writes into
# fix: none/left-tensorflow
# becomes: kept = []
# becomes: kept.append(rate * (i + 1.0))
# becomes: loss = tf.reduce_sum(tf.stack(kept) ** 2)
kept = np.zeros(3, "float32")
with tf.GradientTape() as tape:
    for i in range(3):
        kept[i] = rate * (i + 1.0)
    loss = tf.reduce_sum(tf.constant(kept) ** 2)
grad = tape.gradient(loss, rate)
# %% a TensorArray that is not kept
# untried: none/discarded-result
# becomes: kept = kept.write(i, rate * tf.cast(i, tf.float32))
with tf.GradientTape() as tape:
    loss = total(3)
grad = tape.gradient(loss, rate)
# %% setup
import keras
import tensorflow as tf
hyper, task, x = tf.Variable(tf.random.normal((3, 4))), tf.constant([[0.1, -0.4, 0.9]]), tf.random.normal((16, 4))
kernel = tf.Variable(tf.zeros((4, 1)))
def generate(task):
    flat = tf.tanh(task @ hyper)[0]
    kernel.assign(flat[:, None])
def predict(inputs):
    return inputs @ kernel
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
def client(inputs):
    own = keras.models.clone_model(model)
    own.set_weights(model.get_weights())
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((own(inputs) - 1.0) ** 2)
        for v, g in zip(own.trainable_variables, tape.gradient(loss, own.trainable_variables)):
            v.assign_sub(0.1 * g)
    return own.get_weights()
# %% weights that a function writes and another reads
# fix: none/state-assignment
# becomes: global kernel
# becomes: kernel = flat[:, None]
with tf.GradientTape() as tape:
    generate(task)
    loss = tf.reduce_mean((predict(x) - 1.0) ** 2)
grad = tape.gradient(loss, hyper)
# %% copies that are never averaged
# untried: step/recreated-every-step
# becomes: model.set_weights([sum(ws) / len(ws) for ws in zip(*trained)])
for turn in range(2):
    trained = [client(x + i) for i in range(3)]
    loss = float(tf.reduce_mean((model(x) - 1.0) ** 2))
