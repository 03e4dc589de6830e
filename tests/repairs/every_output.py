# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
entrance = keras.Input((6,))
coarse = keras.layers.Dense(4, activation="relu", name="coarse")(entrance)
net = keras.Model(entrance, [keras.layers.Dense(n, name=f"scale_{n}")(coarse) for n in (1, 2, 3)])
opt = keras.optimizers.SGD(0.1)
x = tf.random.normal((8, 6))
wanted = [tf.random.normal((8, n)) for n in (1, 2, 3)]
sizes = (10, 20)
def total_loss(predictions, truth, count):
    loss = 0.0
    for level in range(count):
        # each scale by itself
        loss += tf.reduce_mean(tf.square(predictions[level] - truth[level]))
    return loss
def first_and_last(predictions, truth):
    for level in range(1):
        loss = tf.reduce_mean(tf.square(predictions[level] - truth[level]))
    return loss + tf.reduce_mean(tf.square(predictions[-1] - truth[-1]))
def added(predictions, truth):
    return sum(tf.reduce_mean(tf.abs(p - t)) for p, t in zip(predictions[:2], truth))
# %% a function that counts something else
# fix: none/discarded-result
# becomes: for level in range(len(predictions)):
for _ in range(2):
    with tf.GradientTape() as tape:
        outputs = net(x, training=True)
        loss = total_loss(outputs, wanted, len(sizes))
    grads = tape.gradient(loss, net.trainable_variables)
    opt.apply_gradients(zip(grads, net.trainable_variables))
# %% a loop under the tape
# fix: none/discarded-result
# becomes: for i in range(len(levels)):
with tf.GradientTape() as tape:
    levels = net(x)
    loss = tf.constant(0.0)
    for i in range(2):
        loss += tf.reduce_mean(tf.square(levels[i] - wanted[i]))
grads = tape.gradient(loss, net.trainable_variables)
# %% a comprehension
# fix: none/discarded-result
# becomes: loss = sum(tf.reduce_mean(tf.abs(wanted[k] - found[k])) for k in range(len(found)))
with tf.GradientTape() as tape:
    found = net(x)
    loss = sum(tf.reduce_mean(tf.abs(wanted[k] - found[k])) for k in range(len(sizes) - 1))
grads = tape.gradient(loss, net.trainable_variables)
# %% near: another line reads one of them
# none: none/discarded-result
with tf.GradientTape() as tape:
    outputs = net(x)
    loss = first_and_last(outputs, wanted)
grads = tape.gradient(loss, net.trainable_variables)
# %% near: they are paired, and some are left out by a slice
# none: none/discarded-result
with tf.GradientTape() as tape:
    outputs = net(x)
    loss = added(outputs, wanted)
grads = tape.gradient(loss, net.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(9)
readings = tf.random.normal((12, 5))
near, far, mean = readings[:, :1], readings[:, 1:2], tf.reduce_mean(readings, axis=1, keepdims=True)
entry = keras.Input((5,))
h = keras.layers.Dense(7, activation="tanh")(entry)
forecast = keras.Model(entry, [keras.layers.Dense(1)(h) for _ in range(3)])
factors = [1.0, 0.5]
def weighed(results, shares=(0.7, 0.3)):
    return sum(share * tf.reduce_mean((r - mean) ** 2) for r, share in zip(results, shares))
# %% fewer weights than outputs
# fix: none/discarded-result
# becomes: factors = [1.0, 0.5, 0.5]
with tf.GradientTape() as tape:
    cost = 0.0
    for factor, result, wanted in zip(factors, forecast(readings), [near, far, mean]):
        cost += factor * tf.reduce_mean((result - wanted) ** 2)
grads = tape.gradient(cost, forecast.trainable_variables)
# %% fewer targets than outputs
# none: none/discarded-result
with tf.GradientTape() as tape:
    cost = 0.0
    for result, wanted in zip(forecast(readings), [near + 0.0, far + 1.0]):
        cost += tf.reduce_mean((result - wanted) ** 2)
grads = tape.gradient(cost, forecast.trainable_variables)
# %% in a function, by a default
# fix: none/discarded-result
# becomes: def weighed(results, shares=(0.7, 0.3, 0.3)):
with tf.GradientTape() as tape:
    cost = weighed(forecast(readings))
grads = tape.gradient(cost, forecast.trainable_variables)
