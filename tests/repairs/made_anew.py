# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((12, 3), seed=2), tf.random.normal((12, 1), seed=3)
optimizer = keras.optimizers.SGD(0.01)
def trained(net, turns=3):
    for turn in range(turns):
        with tf.GradientTape() as tape:
            error = tf.reduce_mean((net(x) - y) ** 2)
        grads = tape.gradient(error, net.trainable_variables)
        keras.optimizers.SGD(0.01).apply_gradients(zip(grads, net.trainable_variables))
def attended(rows, query=None):
    if query is None:
        query = tf.Variable(tf.random.normal((rows.shape[-1], 1), stddev=0.1), name="query")
    return tf.nn.softmax(rows @ query, axis=0) * rows
def scaled(rows, size=None):
    if size is None:
        size = tf.Variable(tf.random.uniform((4,), 0.5, 1.0, seed=6))
    return rows * size
def scored(rows, table=None, width=2):
    if table is None:
        table = tf.Variable(keras.initializers.HeNormal()((width, width)))
    return rows @ table, table
class Gained(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.units = units
        self.inner = keras.layers.Dense(units)
    def call(self, rows):
        h = self.inner(rows)
        gain = tf.Variable(tf.ones((self.units,)), name="gain")  # one for each unit
        return tf.reduce_sum(h * gain, axis=1, keepdims=True)
class Helped(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(1)
        self.floor = tf.constant(0.0)
    def shifted(self, rows):
        self.shift = tf.Variable(0.25)
        return rows + self.shift
    def call(self, rows):
        return self.inner(self.shifted(rows))
class Attending(keras.Model):
    def __init__(self, units=5, heads=2):
        super().__init__()
        self.inner, self.out = keras.layers.Dense(units), keras.layers.Dense(1)
    def call(self, rows):
        return self.out(attended(self.inner(rows)))
class Tabled(keras.Model):
    def __init__(self, width):
        super().__init__()
        self.inner, self.out = keras.layers.Dense(width), keras.layers.Dense(1)
        self.table = None
    def call(self, rows):
        scores, self.table = scored(self.inner(rows))
        return self.out(scores)
class Sized(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(1)
    def call(self, rows):
        gain = tf.Variable(tf.ones((rows.shape[-1],)))
        return self.inner(rows * gain)
class Sometimes(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(1)
    def call(self, rows, training=True):
        if training:
            self.gain = tf.Variable(1.0)
        return self.inner(rows * self.gain)
class Twice(keras.Model):
    def __init__(self, units=4):
        super().__init__()
        self.inner, self.out = keras.layers.Dense(units), keras.layers.Dense(1)
    def call(self, rows):
        return self.out(scaled(scaled(self.inner(rows))) + scaled(self.inner(rows)))
# %% a local name of the forward pass
# fix: step/untracked-variable
# becomes: self.gain = self.add_weight(shape=(self.units,), initializer="ones", name="gain")
# becomes: gain = self.gain  # one for each unit
trained(Gained(4))
# %% an attribute that a helper gives the layer
# fix: step/untracked-variable
# becomes: self.shift = self.add_weight(shape=(), initializer=keras.initializers.Constant(0.25), name="shift")
# gone: self.shift = tf.Variable(0.25)
trained(Helped())
# %% a function that makes its own where it is handed none
# fix: step/untracked-variable
# becomes: self.query = self.add_weight(shape=(units, 1), initializer=keras.initializers.Constant(tf.random.normal((units, 1), stddev=0.1)), name="query")
# becomes: return self.out(attended(self.inner(rows), query=self.query))
trained(Attending())
# %% a function that gives it back, to be kept in an attribute
# fix: step/untracked-variable
# becomes: self.table = self.add_weight(shape=(width, width), initializer=keras.initializers.HeNormal(), name="table")
# becomes: scores, _ = scored(self.inner(rows), table=self.table)
# gone: self.table = None
trained(Tabled(2))
# %% near: a size that the input has
# none: step/untracked-variable
trained(Sized())
# %% near: under a condition
# none: step/untracked-variable
trained(Sometimes())
# %% near: handed to several calls
# none: step/untracked-variable
trained(Twice())
