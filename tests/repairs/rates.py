# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)])
w, a, b = tf.Variable(3.0), tf.Variable(1.0), tf.Variable(5.0)
lr = 50.0
optimizer = keras.optimizers.SGD(0.1)
# %% a rate that leaves the range
# fix: nonfinite/overflow
# becomes: model.compile(keras.optimizers.SGD(learning_rate=0.01), "mse")
model.compile(keras.optimizers.SGD(learning_rate=1e6), "mse")
history = model.fit(x, y, epochs=5, verbose=0)
# %% a rate by hand that leaves the range
# fix: nonfinite/overflow
# becomes: lr = 0.001
for i in range(60):
    with tf.GradientTape() as tape:
        loss = w ** 4
    w.assign_sub(lr * tape.gradient(loss, w))
# %% pairs by hand
# fix: step/gradients-zipped-out-of-order
# becomes: optimizer.apply_gradients([(ga, a), (gb, b)])
for i in range(2):
    with tf.GradientTape() as tape:
        loss = a ** 2 + 3.0 * b
    ga, gb = tape.gradient(loss, [a, b])
    optimizer.apply_gradients([(ga, b), (gb, a)])
# %% variables before gradients
# fix: error/gradient-shape-mismatch
# becomes: optimizer.apply_gradients(zip(grads, model.trainable_variables))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(model.trainable_variables, grads))
# %% a softmax by hand
# untried: nonfinite/overflow
# becomes: p = tf.nn.softmax(z, axis=0)
z = tf.Variable([1000.0, 10.0])
with tf.GradientTape() as tape:
    e = tf.exp(z)
    p = e / tf.reduce_sum(e, axis=0)
    loss = -p[0]
grad = tape.gradient(loss, z)
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(3)
draws = np.random.default_rng(0)
seen, wanted = draws.normal(size=(64, 4)), draws.normal(size=(64, 1))
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
net.compile(keras.optimizers.Adam(100.0), "mse")
# %% the rate that a model is compiled with
# fix: step/update-destroys-weights
# becomes: net.compile(keras.optimizers.Adam(0.01), "mse")
net.fit(seen, wanted, epochs=5, verbose=0)
