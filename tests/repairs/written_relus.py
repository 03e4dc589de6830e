# %% setup
import tensorflow as tf
tf.random.set_seed(0)
w, b, v = tf.Variable(-tf.ones([3, 4])), tf.Variable(tf.zeros([4])), tf.Variable(tf.random.normal([4, 1]))
x, y = tf.random.uniform((16, 3)), tf.random.normal((16, 1))
def relu(z):
    return z * tf.cast(z > 0, tf.float32)
# %% a maximum
# fix: zero/dead-activation
# becomes: h = tf.nn.leaky_relu(x @ w + b)
with tf.GradientTape() as tape:
    h = tf.maximum(0.0, x @ w + b)
    loss = tf.reduce_mean((h @ v - y) ** 2)
grads = tape.gradient(loss, [w, b, v])
# %% a condition
# fix: zero/dead-activation
# becomes: h = tf.nn.leaky_relu(z)
with tf.GradientTape() as tape:
    z = x @ w + b
    h = tf.where(z < 0, tf.zeros_like(z), z)
    loss = tf.reduce_mean((tf.reshape(h, [-1, 4]) @ v - y) ** 2)
grads = tape.gradient(loss, [w, b, v])
# %% a product with what a comparison gives
# fix: zero/dead-activation
# becomes: return tf.nn.leaky_relu(z)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((relu(x @ w + b) @ v - y) ** 2)
grads = tape.gradient(loss, [w, b, v])
