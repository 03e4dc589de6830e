# %% setup
import tensorflow as tf
tf.random.set_seed(4)
X = tf.random.normal((24, 5))
Y = tf.one_hot(tf.argmax(X[:, :4], axis=1), 4)
classes = 4
W = tf.Variable(tf.random.normal([5, classes], stddev=0.1))
# %% one number for all classes
# fix: zero/stationary-point
# becomes: b = tf.Variable(tf.zeros([classes]), name="b")
b = tf.Variable(0.0, name="b")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=Y, logits=X @ W + b))
grads = tape.gradient(loss, [W, b])
# %% a list of one number, and a width that has no name
# fix: zero/stationary-point
# becomes: shift = tf.Variable(tf.fill([3], 0.5))
V = tf.Variable(tf.random.normal((5, 3)))
shift = tf.Variable([0.5])
with tf.GradientTape() as tape:
    p = tf.nn.softmax(tf.add(tf.matmul(X, V), shift))
    loss = -tf.reduce_mean(tf.math.log(p[:, 0]))
grads = tape.gradient(loss, [V, shift])
# %% a number that is multiplied with another one before it is added
# none: zero/stationary-point
scale = tf.Variable(1.0)
with tf.GradientTape() as tape:
    p = tf.nn.softmax(X @ W + 2.0 * scale)
    loss = -tf.reduce_mean(tf.math.log(p[:, 0]))
grads = tape.gradient(loss, [W, scale])
