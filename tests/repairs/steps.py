# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
model, optimizer = make(), keras.optimizers.SGD(0.01)
first, second = keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01)
def fine_tune(net):
    net = keras.models.clone_model(net)
    net.compile("sgd", "mse")
    net.fit(x, y, verbose=0)
def train(net):
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(x) - y) ** 2)
        first.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
# %% two variables made in the loop
# fix: step/recreated-every-step
# becomes: w, b = tf.Variable(tf.zeros((4, 1))), tf.Variable(0.0)
for turn in range(3):
    w, b = tf.Variable(tf.zeros((4, 1))), tf.Variable(0.0)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b - y) ** 2)
    dw, db = tape.gradient(loss, [w, b])
    w.assign_sub(0.1 * dw)
    b.assign_sub(0.1 * db)
# %% the same gradients again
# fix: step/updated-twice
# becomes: with tf.GradientTape() as tape:
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
for _ in range(3):
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% two optimizers for one list
# fix: step/updated-twice
# gone: second.apply_gradients(zip(grads, model.trainable_variables))
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    first.apply_gradients(zip(grads, model.trainable_variables))
    second.apply_gradients(zip(grads, model.trainable_variables))
# %% a copy inside the function
# fix: step/trained-another-object
# gone: net = keras.models.clone_model(net)
fine_tune(model)
print(model.predict(x[:2], verbose=0))
# %% a copy that a function trained
# fix: step/trained-another-object
# becomes: error = float(tf.reduce_mean((copy(x) - y) ** 2))
copy = keras.models.clone_model(model)
train(copy)
error = float(tf.reduce_mean((model(x) - y) ** 2))
# %% layers as sources
# fix: error/source-not-tensor
# becomes: grads = tape.gradient(loss, model.trainable_variables)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.layers)
# %% names as sources
# fix: error/source-not-tensor
# becomes: grads = tape.gradient(loss, model.trainable_variables)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, [v.name for v in model.trainable_variables])
