# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
class Powers(tf.Module):
    def __init__(self, order):
        self.order = order + 1
        self.low = tf.Variable(0.5, name="low")
        self.high = tf.Variable([0.5] * 4, name="high")
    def __call__(self, seen):
        scale = tf.square(self.high)
        total = self.low * seen
        for power in range(2, self.order):
            total += scale[power] * seen ** power
        return total
# %% a number of a constructor
# fix: none/discarded-result
# becomes: layer = Shifted(2, name="shifted")
class Shifted(keras.layers.Layer):
    def __init__(self, steps, **kwargs):
        super().__init__(**kwargs)
        self.steps = steps
    def build(self, shape):
        self.push = self.add_weight(shape=(1,), initializer="ones", name="push")
    def call(self, seen):
        push, out = tf.nn.softplus(tf.convert_to_tensor(self.push)), seen
        for step in range(1, self.steps):
            out += push * step
        return out
layer = Shifted(1, name="shifted")
model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, y, epochs=1, verbose=0)
# %% a parameter of a function
# fix: none/branch-not-taken
# becomes: loss = tf.reduce_mean(tf.square(smoothed(x[:, :1], rounds=1) - y))
rate = tf.Variable(0.3, name="rate")
bias = tf.Variable(0.1, name="bias")
def smoothed(values, rounds):
    for turn in range(rounds):
        values = values * rate
    return values + bias
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(smoothed(x[:, :1], rounds=0) - y))
grads = tape.gradient(loss, [rate, bias])
# %% a number of the notebook
# fix: none/branch-not-taken
# becomes: rounds = 2
rounds = 1
gain, base = tf.Variable(0.3, name="gain"), tf.Variable(1.0, name="base")
class Filter:
    def run(self, values):
        for turn in range(1, rounds):
            values = gain * values
        return values * base
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(Filter().run(x[:, :1]) - y))
grads = tape.gradient(loss, [gain, base])
# %% a number that is computed
# none: none/discarded-result
powers = Powers(1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(powers(x[:, :1]) - y))
grads = tape.gradient(loss, [powers.low, powers.high])
