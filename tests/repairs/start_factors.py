# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 3))
# %% a factor beside a variable
# fix: zero/masked-out
# becomes: shift = tf.Variable(shift_start * tf.ones(3))
# becomes: loss = tf.reduce_mean(tf.square(x + shift - y))
shift_start = 0.0
shift = tf.Variable(tf.ones(3))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x + shift_start * shift - y))
grad = tape.gradient(loss, shift)
# %% rows of factors in a loop
# fix: zero/masked-out
# becomes: terms = [tf.Variable(start * tf.ones((3,))) for start in starts]
# becomes: total = total + term * x ** power
starts = [0.0, 0.0]
terms = [tf.Variable(tf.ones((3,))) for _ in range(len(starts))]
def series(x):
    total, power = tf.zeros_like(x), 1.0
    for term, start in zip(terms, starts):
        total = total + start * term * x ** power
        power += 1.0
    return total
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(series(x) - y))
grads = tape.gradient(loss, terms)
# %% a gate of a layer
# fix: zero/masked-out
# becomes: self.gate = self.add_weight(shape=(3,), initializer=keras.initializers.Constant(self.init_gate), name="gate")
# becomes: return seen + self.gate * self.inner(seen)
class Gated(keras.layers.Layer):
    def build(self, shape):
        self.init_gate = 0.0
        self.gate = self.add_weight(shape=(3,), initializer="ones", name="gate")
        self.inner = keras.layers.Dense(3)
    def call(self, seen):
        return seen + self.init_gate * self.gate * self.inner(seen)
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), Gated()])
net.compile("sgd", "mse")
net.fit(x, y, epochs=1, verbose=0)
# %% a start of a constructor
# fix: zero/masked-out
# becomes: self.bias = tf.Variable(self.init, trainable=True)
# becomes: return seen + self.bias
class Offset(tf.Module):
    def __init__(self, init=0.0):
        super().__init__()
        self.init = init
        self.bias = tf.Variable(1.0, trainable=True)
    def __call__(self, seen):
        return seen + self.init * self.bias
offset = Offset()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(offset(x) - y))
grad = tape.gradient(loss, offset.bias)
# %% a variable that begins at random
# fix: zero/masked-out
# becomes: init_scale = tf.ones((3,))
init_scale = tf.zeros((3,))
kernel = tf.Variable(tf.random.normal((3,)))
def scaled(init_scale):
    return tf.reduce_mean(tf.square(x + init_scale * kernel - y))
with tf.GradientTape() as tape:
    loss = scaled(init_scale)
grad = tape.gradient(loss, kernel)
