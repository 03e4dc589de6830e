import tensorflow as tf
w = tf.Variable([0.5, -2.0], name="w")
# %% sign
with tf.GradientTape() as tape:
    s = tf.sign(w)  # expect: zero/zero-derivative-op
    loss = tf.reduce_sum(s * 3.0)
grad = tape.gradient(loss, w)
# %% near: sign beside the value
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.sign(w) * w)
grad = tape.gradient(loss, w)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
net = keras.Sequential([
    keras.Input((1,)),
    keras.layers.Dense(8, activation="relu"),  # expect: zero/zero-derivative-op
    keras.layers.Dense(1),
])
x = tf.reshape(tf.linspace(-1.0, 1.0, 12), (12, 1))
# %% the second derivative of a network of ReLUs
with tf.GradientTape() as outer:
    outer.watch(x)
    with tf.GradientTape() as inner:
        inner.watch(x)
        u = net(x)
    slope = inner.gradient(u, x)
bend = outer.gradient(slope, x)  # status: zero
# %% near: a penalty on the slope leaves the first bias alone
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        inner.watch(x)
        u = net(x)
    penalty = tf.reduce_mean(inner.gradient(u, x) ** 2)
kernel, bias = net.trainable_variables[:2]
grads = outer.gradient(penalty, [kernel, bias])  # status: ok zero
