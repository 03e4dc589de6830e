import tensorflow as tf
w = tf.Variable([80.0, 90.0], name="w")
v = tf.Variable([0.8, 90.0], name="v")
# %% sigmoid
with tf.GradientTape() as tape:
    p = tf.sigmoid(w)  # expect: zero/saturated-activation
    loss = tf.reduce_sum((p - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% tanh
with tf.GradientTape() as tape:
    p = tf.tanh(w)  # expect: zero/saturated-activation
    loss = tf.reduce_sum((p - 0.5) ** 2)
grad = tape.gradient(loss, w)
# %% near: one of two
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((tf.sigmoid(v) - 0.5) ** 2)
grad = tape.gradient(loss, v)
# %% setup
import tensorflow as tf
x = tf.constant([[[3.0, 90.0], [80.0, 7.0], [60.0, 61.0]]])
query, key, value = (tf.Variable(start, name=name) for start, name in (([[9.0, 1.0], [2.0, 8.0]], "query"), ([[7.0, 0.0], [1.0, 9.0]], "key"), ([[0.01], [0.02]], "value")))
image = tf.constant([[0.0, 1.0, 1.0]])
free = tf.Variable(tf.atanh(image * 2.0 - 1.0), name="free")
slope = tf.constant([[0.3], [0.2], [-0.1]])
# %% attention of one token to one other, under a cross entropy
with tf.GradientTape() as tape:
    scores = tf.matmul(x @ query, x @ key, transpose_b=True)
    weights = tf.nn.softmax(scores)  # expect: zero/saturated-activation
    logits = tf.reduce_mean(weights @ (x @ value), axis=1)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones((1, 1)), logits=logits))
grads = tape.gradient(loss, [query, key, value])  # status: zero zero ok
# %% one of two ways is flat, both end in the tanh
with tf.GradientTape() as tape:
    near = (tf.tanh(free) + 1.0) / 2.0  # expect: zero/saturated-activation
    loss = tf.reduce_sum((near - image) ** 2) + tf.reduce_sum(near @ slope)
grad = tape.gradient(loss, free)  # status: zero
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
pixels = tf.random.uniform((6, 12), 0.0, 255.0)
wanted = tf.random.uniform((6, 1))
place = keras.Sequential([keras.Input((12,)), keras.layers.Dense(16), keras.layers.Dense(9)], name="place")
rate = tf.Variable([[2.0]], name="rate")
marks, signs = tf.constant([[9.0], [-11.0], [13.0]]), tf.constant([[1.0], [-1.0], [1.0]])
# %% next to nothing is left behind a sharp softmax
with tf.GradientTape() as tape:
    weight = tf.nn.softmax(place(pixels) * 3.0, axis=-1)  # expect: zero/saturated-activation
    loss = tf.reduce_mean((weight @ tf.range(9.0)[:, None] / 9.0 - wanted) ** 2)
grads = tape.gradient(loss, place.trainable_variables)  # status: vanishing vanishing vanishing vanishing
# %% near: a classifier that is as good as done
# allow: step/update-without-effect
optimizer = keras.optimizers.SGD(0.1)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softplus(-signs * marks * 2.5 @ rate))
    grads = tape.gradient(loss, [rate])
    optimizer.apply_gradients(zip(grads, [rate]))
# %% near: at the minimum
spot_ = tf.Variable([1.0, 2.0, 3.0], name="spot_")
for _ in range(60):
    with tf.GradientTape() as tape:
        loss = 5.0 + tf.reduce_sum((spot_ - [1.5, 2.5, 3.1]) ** 2)
    spot_.assign_sub(0.3 * tape.gradient(loss, spot_))
# %% a softmax that is sure, and its sum, at which somebody only looks
sure = tf.Variable([[60.0, 0.0, 0.0], [0.0, 50.0, 0.0]], name="sure")
with tf.GradientTape() as tape:
    shares = tf.nn.softmax(sure)  # expect: zero/saturated-activation
    whole = tf.reduce_sum(shares, axis=-1)
    loss = tf.reduce_mean(tf.reduce_sum([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]] * (1.0 - shares), axis=-1))
grad = tape.gradient(loss, sure)  # status: vanishing
