import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
nothing = tf.zeros((2,))
half = tf.constant([0.0, 1.0])
# %% mask
with tf.GradientTape() as tape:
    kept = nothing * w  # expect: zero/masked-out
    loss = tf.reduce_sum(kept) + 1.0
grad = tape.gradient(loss, w)
# %% near: half a mask
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(half * w)
grad = tape.gradient(loss, w)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
x, targets = tf.random.normal((8, 4)), tf.one_hot(1000 + tf.range(8) % 3, 3)
# %% a product of what is zero by the targets
with tf.GradientTape() as tape:
    p = tf.nn.softmax(net(x))
    entropy = -targets * tf.math.log(p)  # expect: zero/masked-out
    focal = (1.0 - p) ** 2 * entropy
    loss = tf.reduce_mean(focal)
grads = tape.gradient(loss, net.trainable_variables)  # status: zero zero
# %% a factor that follows from a counter
counter, rate = tf.Variable(0, name="counter"), tf.Variable([1.0, 2.0], name="rate")
with tf.GradientTape() as tape:
    switch = tf.cast(counter >= 3, tf.float32)
    loss = switch * 0.5 * tf.reduce_sum(rate * rate)  # expect: zero/masked-out
grad = tape.gradient(loss, rate)
