# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 3))
class Warp(keras.layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor
    def build(self, shape):
        self.bend = self.add_weight(shape=(shape[-1], 3), name="bend")
        if self.factor != 1:
            self.bend.assign(self.bend / self.factor)
            self.bend = self.factor * self.bend  # a larger step
    def call(self, inputs):
        return inputs @ self.bend
warp = Warp(10.0)
model = keras.Sequential([keras.Input((4,)), warp])
model.compile("sgd", "mse")
# %% scaled under a condition
# fix: none/outside-tape
# becomes: self.raw_bend = self.add_weight(shape=(shape[-1], 3), name="bend")
# becomes: self.raw_bend.assign(self.raw_bend / self.factor)
# becomes: return self.factor * self.raw_bend if self.factor != 1 else self.raw_bend
# gone: self.bend = self.factor * self.bend  # a larger step
model.fit(x, y, verbose=0)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 4))
class Gate(keras.layers.Layer):
    def __init__(self, units, sharpness=2.0):
        super().__init__()
        self.slope = self.add_weight(shape=(units,), name="slope", initializer="ones")
        self.slope *= sharpness
    def call(self, inputs):
        return inputs * tf.sigmoid(self.slope)
gate = Gate(4)
head = keras.layers.Dense(4)
head(x)
weights = gate.trainable_variables + head.trainable_variables
# %% multiplied in place
# fix: none/outside-tape
# becomes: self.raw_slope = self.add_weight(shape=(units,), name="slope", initializer="ones")
# becomes: self.sharpness = sharpness
# becomes: return self.raw_slope * self.sharpness
# gone: self.slope *= sharpness
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((head(gate(x)) - y) ** 2)
grads = tape.gradient(loss, weights)
# %% setup
import tensorflow as tf
x = tf.ones((5, 2))
class Positive(tf.Module):
    def __init__(self, start):
        super().__init__()
        self.weight = tf.Variable(start, name="weight")
        self.every = [self.weight]
        self.weight = tf.nn.softplus(self.weight)
        # what is kept for later
        self.turns = 0
    def __call__(self, inputs):
        return tf.linalg.matvec(inputs, self.weight)
positive = Positive([0.5, -0.5])
# %% through a function
# fix: none/outside-tape
# becomes: self.every = [self.raw_weight]
# becomes: return tf.nn.softplus(self.raw_weight)
# becomes: # what is kept for later
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(positive(x))
grads = tape.gradient(loss, positive.every)
# %% setup
import keras
import tensorflow as tf
x = tf.ones((5, 2))
class Noisy(keras.layers.Layer):
    def build(self, shape):
        self.level = self.add_weight(shape=(shape[-1],), name="level", initializer="ones")
        self.level = self.level + tf.random.normal((2,))
    def call(self, inputs):
        return inputs * self.level
class Loop(keras.layers.Layer):
    def build(self, shape):
        self.level = self.add_weight(shape=(shape[-1],), name="level", initializer="ones")
        for _ in range(3):
            self.level = self.level * 2.0
    def call(self, inputs):
        return inputs * self.level
noisy, loop = Noisy(), Loop()
noisy(x), loop(x)
# %% near: what was drawn once
# none: none/outside-tape
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(noisy(x))
grads = tape.gradient(loss, noisy.trainable_variables)
# %% near: several times
# none: none/outside-tape
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(loop(x))
grads = tape.gradient(loss, loop.trainable_variables)
# %% setup
import keras
import tensorflow as tf
x = tf.ones((5, 2))
class Named(keras.layers.Layer):
    def __init__(self, power, **kwargs):
        super().__init__(**kwargs)
        self.level = self.add_weight(shape=(2,), name="level", initializer="ones")
        self.level = self.level * power
    def call(self, inputs):
        return inputs * self.level
    def power(self):
        return tf.reduce_sum(self.level ** 2)
named = Named(3.0)
named(x)
# %% near: the argument has the name of a method
# none: none/outside-tape
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(named(x))
grads = tape.gradient(loss, named.trainable_variables)
# %% setup
import tensorflow as tf
params = {"w": tf.Variable(tf.ones((3, 1))), "b": tf.Variable(tf.zeros(1))}
x, y = tf.ones((8, 3)), tf.ones((8, 1))
def error(p):
    return tf.reduce_mean(tf.square(x @ p["w"] + p["b"] - y))
# %% a dict of the entries
# fix: none/variable-replaced
# becomes: for k, v in params.items():
# becomes: v.assign_sub(0.1 * grads[k])
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = error(params)
    grads = tape.gradient(loss, params)
    params = {k: v - 0.1 * grads[k] for k, v in params.items()}
# %% a dict by the gradients
# fix: none/variable-replaced
# becomes: params[name].assign_sub(0.1 * g)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = error(params)
    grads = tape.gradient(loss, params)
    params = {name: params[name] - 0.1 * g for name, g in grads.items()}
# %% an entry after the other
# fix: none/variable-replaced
# becomes: params[k].assign_sub(0.1 * grads[k])
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = error(params)
    grads = tape.gradient(loss, params)
    for k in params:
        params[k] = params[k] - 0.1 * grads[k]
# %% a structure
# fix: none/variable-replaced
# becomes: tf.nest.map_structure(lambda p, g: p.assign_sub(0.1 * g), params, grads)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = error(params)
    grads = tape.gradient(loss, params)
    params = tf.nest.map_structure(lambda p, g: p - 0.1 * g, params, grads)
