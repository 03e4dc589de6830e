import tensorflow as tf
w = tf.Variable([0.2, 0.9], name="w")
# %% a count by the size of what is found
with tf.GradientTape() as tape:
    loss = tf.cast(tf.shape(tf.where(w > 0.5))[0], tf.float32)  # expect: none/non-differentiable-op
grad = tape.gradient(loss, w)  # status: none
# %% a count by the size of what a mask leaves
with tf.GradientTape() as tape:
    left = tf.boolean_mask(w, tf.abs(w) > 0.1)
    loss = tf.cast(tf.shape(left)[0], tf.float32)  # expect: none/non-differentiable-op
grad = tape.gradient(loss, w)  # status: none
# %% near the size of what comes in
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w ** 2) / tf.cast(tf.size(w), tf.float32)
grad = tape.gradient(loss, w)  # status: ok
# %% argmax
with tf.GradientTape() as tape:
    k = tf.argmax(w)  # expect: none/non-differentiable-op
    loss = tf.cast(k, tf.float32)
grad = tape.gradient(loss, w)
# %% sorting for positions
with tf.GradientTape() as tape:
    order = tf.argsort(w)  # expect: none/non-differentiable-op
    loss = tf.reduce_sum(tf.cast(order, tf.float32))
grad = tape.gradient(loss, w)
# %% floor
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.floor(w) * 2.0)  # expect: none/non-differentiable-op
grad = tape.gradient(loss, w)
# %% near: an index that only selects
with tf.GradientTape() as tape:
    loss = w[tf.argmax(w)] * 2.0
grad = tape.gradient(loss, w)
# %% near: a mask that only selects
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(w > 0.5, w, 2.0 * w))
grad = tape.gradient(loss, w)
# %% near: sorted values
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sort(w) * [1.0, 2.0])
grad = tape.gradient(loss, w)
# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(3)
face = keras.Input((4,))
age = keras.layers.Dense(3, activation="softplus", name="age")(face)
bucket = keras.layers.Discretization(bin_boundaries=[0.3, 0.6])(age)  # expect: none/non-differentiable-op
joined = keras.layers.Concatenate()([keras.layers.Flatten()(keras.layers.Embedding(3, 2)(bucket)), keras.layers.Dense(2)(face)])
functional = keras.Model(face, keras.layers.Dense(1)(joined))
features = np.random.normal(size=(8, 4)).astype("float32")
wanted = np.ones((8, 1), "float32")
# %% a layer of a functional model that sorts into buckets, under fit
# allow: step/silently-skipped
functional.compile(optimizer="sgd", loss="mse")
history = functional.fit(features, wanted, verbose=0)
# %% a layer of a functional model that sorts into buckets, in a loop of one's own
import tensorflow as tf
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(functional(features) - wanted))
grads = tape.gradient(loss, functional.trainable_variables)
# %% near: buckets of what comes in
plain = keras.Input((4,))
code = keras.layers.Flatten()(keras.layers.Embedding(3, 2)(keras.layers.Discretization(bin_boundaries=[0.3, 0.6])(plain)))
model = keras.Model(plain, keras.layers.Dense(1)(code))
model.compile(optimizer="sgd", loss="mse")
history = model.fit(features, wanted, verbose=0)
# %% setup
import tensorflow as tf
tf.random.set_seed(0)
w, rows, truth = tf.Variable([0.3, 0.5, 0.2]), tf.random.normal((8, 3)), tf.constant([1.0, 0.0] * 4)
rate = tf.Variable(0.9)
# %% in a function that is mapped over the rows
def wrong(given):
    x, t = given
    p = tf.sigmoid(tf.tensordot(x, w, 1))
    return tf.cast(tf.round(p) != t, tf.float32)  # expect: none/non-differentiable-op
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.vectorized_map(wrong, (rows, truth)))
grads = tape.gradient(loss, [w])  # status: none
# %% the turns of a compiled loop are counted
@tf.function
def steps(w):
    x, n = tf.constant(1.0), tf.constant(0)
    while x > 0.5:  # expect: none/non-differentiable-op
        x = x * w
        n += 1
    return tf.cast(n, tf.float32)
with tf.GradientTape() as tape:
    loss = steps(rate)
grads = tape.gradient(loss, [rate])  # status: none
# %% a branch of constants is chosen
@tf.function
def chosen(w):
    if w * 2.0 > 0.5:  # expect: none/non-differentiable-op
        cost = tf.constant(2.0)
    else:
        cost = tf.constant(3.0)
    return cost
with tf.GradientTape() as tape:
    loss = chosen(rate)
grads = tape.gradient(loss, [rate])  # status: none
