# %% setup
import tensorflow as tf
tf.random.set_seed(6)
x, y = tf.random.normal((12, 3)), tf.random.normal((12, 2))
kernel = tf.Variable(tf.random.normal((3, 2), stddev=0.2))
offset = tf.zeros((2,))
scales = {"in": tf.ones((3,)), "out": tf.Variable(tf.ones((2,)))}
optimizer = tf.keras.optimizers.SGD(0.1)
rate = 0.1
# %% a loop over names
# fix: none/not-watched
# becomes: offset = tf.Variable(tf.zeros((2,)))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x @ kernel + offset - y))
slopes = tape.gradient(loss, [kernel, offset])
for v, g in zip([kernel, offset], slopes):
    v.assign_sub(rate * g)
# %% entries of a dict, updated in a function
# fix: none/not-watched
# becomes: scales = {"in": tf.Variable(tf.ones((3,))), "out": tf.Variable(tf.ones((2,)))}
def descend(weights, slopes):
    for name in weights:
        weights[name].assign_sub(rate * slopes[name])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square((x * scales["in"]) @ kernel * scales["out"] - y))
descend(scales, tape.gradient(loss, scales))
# %% attributes of an object, two of them on one line
# fix: none/not-watched
# becomes: self.bias, self.gain = tf.Variable(tf.zeros((2,))), tf.Variable(0.1 * tf.random.normal((2,)))
class Affine:
    def __init__(self):
        self.kernel = tf.Variable(tf.random.normal((3, 2), stddev=0.2))
        self.bias, self.gain = tf.zeros((2,)), 0.1 * tf.random.normal((2,))
    def __call__(self, x):
        return (x @ self.kernel + self.bias) * self.gain
net = Affine()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(net(x) - y))
of_bias, of_gain = tape.gradient(loss, [net.bias, net.gain])
net.bias.assign_sub(rate * of_bias)
net.gain.assign_sub(rate * of_gain)
# %% a comprehension makes them, and an optimizer gets them
# fix: none/not-watched
# becomes: biases = [tf.Variable(tf.zeros((n,))) for n in (3, 2)]
biases = [tf.zeros((n,)) for n in (3, 2)]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square((x + biases[0]) @ kernel + biases[1] - y))
slopes = tape.gradient(loss, biases)
optimizer.apply_gradients(zip(slopes, biases))
# %% only asked for, and read
# fix: none/not-watched
# becomes: tape.watch(offset)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x @ kernel + offset - y))
slope = tape.gradient(loss, offset)
# %% made anew in each turn
# none: none/not-watched
for _ in range(2):
    shift = tf.zeros((2,))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ kernel + shift - y))
    slope = tape.gradient(loss, shift)
    shift.assign_sub(rate * slope)
# %% made in one of two ways
# none: none/not-watched
if rate > 0:
    shift = tf.zeros((2,))
else:
    shift = tf.ones((2,))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x @ kernel + shift - y))
slope = tape.gradient(loss, shift)
shift.assign_sub(rate * slope)
# %% the weights of another object raise
# fix: none/not-watched
# becomes: tape.watch(offset)
counts = tf.zeros((2,))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x @ kernel + offset - y))
slope = tape.gradient(loss, offset)
counts.assign_add(slope)
