# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(9)
x, y = tf.random.normal((6, 4)), tf.random.normal((6, 4))
class Voice(keras.Model):
    def __init__(self, speakers, dim=4):
        super().__init__()
        self.speakers = speakers
        # one row for each speaker
        self.table = self.add_weight(shape=(speakers, dim), name="table")
        self.scale = self.add_weight(shape=(dim,), initializer="ones", name="scale")
    def call(self, inputs, who):
        if self.speakers > 1:
            inputs = inputs + tf.gather(self.table, who)
        return inputs * self.scale
class Normed(keras.layers.Layer):
    def __init__(self, centre=True, kind="scale"):
        super().__init__()
        self.centre, self.kind = centre, kind
    def build(self, shape):
        self.gamma = self.add_weight(
            shape=(shape[-1],),
            initializer="ones",
            name="gamma",
        )
        self.beta = self.add_weight(shape=(shape[-1],), name="beta")
        self.shift = self.add_weight(shape=(shape[-1],), name="shift")
    def call(self, inputs):
        if self.centre and self.kind != "plain":
            inputs = inputs - self.shift
        else:
            inputs = inputs * self.gamma + self.beta
        return inputs
class Gate(tf.Module):
    def __init__(self, deep=False):
        super().__init__()
        self.deep = deep
        self.first, self.second = tf.Variable(tf.ones((4, 4))), None
        self.inner = tf.Variable(tf.ones((4, 4)), name="inner")
    def __call__(self, inputs):
        if self.deep:
            inputs = inputs @ self.inner
        return inputs @ self.first
class Outer(Gate):
    def penalty(self):
        return tf.reduce_sum(self.inner)
singer, normed, gate = Voice(1), Normed(), Gate()
normed(x)
def error(p):
    return tf.reduce_mean(tf.square(p - y))
# %% a table for several speakers
# fix: none/branch-not-taken
# becomes: if self.speakers > 1:
# becomes: self.table = self.add_weight(shape=(speakers, dim), name="table")
with tf.GradientTape() as tape:
    loss = error(singer(x, tf.zeros((6,), tf.int32)))
grads = tape.gradient(loss, singer.trainable_variables)
# %% two weights of the other outcome
# fix: none/branch-not-taken
# becomes: if not (self.centre and self.kind != "plain"):
# becomes: self.beta = self.add_weight(shape=(shape[-1],), name="beta")
with tf.GradientTape() as tape:
    loss = error(normed(x))
grads = tape.gradient(loss, normed.trainable_variables)
# %% a method reads it too
# none: none/branch-not-taken
with tf.GradientTape() as tape:
    loss = error(gate(x))
grads = tape.gradient(loss, gate.trainable_variables)
# %% a condition that changes
# none: none/branch-not-taken
class Warm(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.warm = False
        self.bias = self.add_weight(shape=(4,), name="bias")
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")
    def call(self, inputs):
        if self.warm:
            inputs = inputs + self.bias
        return inputs * self.scale
warm = Warm()
with tf.GradientTape() as tape:
    loss = error(warm(x))
grads = tape.gradient(loss, warm.trainable_variables)
warm.warm = True
