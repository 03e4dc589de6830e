# %% setup
import keras
import tensorflow as tf
from keras import layers
keras.utils.set_random_seed(4)
x, y = tf.random.normal((16, 5)), tf.random.normal((16, 1))
optimizer, mse = keras.optimizers.Adam(1e-2), keras.losses.MeanSquaredError()
def train(model):
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = mse(y, model(x))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
# %% rows of layers in a list
# fix: step/untracked-variable
# becomes: stages = []  # one list per width
# becomes: stages.append([])
# becomes: stages[-1].append(layers.Dense(width, activation="tanh"))
# becomes: self.stages = stages
class Staged(keras.Model):
    def __init__(self, widths=(6, 4)):
        super().__init__()
        self.stages = []  # one list per width
        for width in widths:
            self.stages.append([])
            for _ in range(2):
                self.stages[-1].append(layers.Dense(width, activation="tanh"))
        self.out = layers.Dense(1)
    def call(self, h):
        for stage in self.stages:
            for layer in stage:
                h = layer(h)
        return self.out(h)
train(Staged())
# %% places that are kept free
# fix: step/untracked-variable
# becomes: gates = [None] * count
# becomes: gates[i] = layers.Dense(5, activation="sigmoid")
# becomes: self.gates = gates
# gone: self.gates = [None] * count
class Gated(keras.layers.Layer):
    def __init__(self, count):
        super().__init__()
        self.gates = [None] * count
        for i in range(count):
            self.gates[i] = layers.Dense(5, activation="sigmoid")
    def call(self, h):
        for gate in self.gates:
            h = h * gate(h)
        return h
model = keras.Sequential([keras.Input((5,)), Gated(2), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(x, y, verbose=0)
# %% a list that is filled when it is in the dict
# fix: step/untracked-variable
# becomes: heads = {}
# becomes: heads[name] = head
# becomes: self.heads = heads
class Heads(keras.Model):
    def __init__(self):
        super().__init__()
        self.heads = {}
        for name in ("mean", "scale"):
            head = []
            self.heads[name] = head
            for units in (4, 1):
                head.append(layers.Dense(units))
        self.mix = layers.Dense(1)
    def call(self, h):
        results = []
        for head in self.heads.values():
            r = h
            for layer in head:
                r = layer(r)
            results.append(r)
        return self.mix(tf.concat(results, -1))
train(Heads())
# %% two loops, and a name that is taken
# fix: step/untracked-variable
# becomes: cells_2 = []
# becomes: cells_2.append({})
# becomes: cells_2[i]["dense"] = layers.Dense(3)
# becomes: self.cells = cells_2
class Cells(keras.Model):
    def __init__(self, cells):
        super().__init__()
        self.cells = []
        for _ in range(cells):
            self.cells.append({})
        for i in range(cells):
            self.cells[i]["dense"] = layers.Dense(3)
        self.sum = layers.Dense(1)
    def call(self, h):
        for cell in self.cells:
            h = cell["dense"](h)
        return self.sum(h)
train(Cells(2))
# %% another method that fills the rows
# none: step/untracked-variable
class Filled(keras.Model):
    def __init__(self):
        super().__init__()
        self.rows = []
        for units in (4, 3):
            self.rows.append([])
            self.fill(units)
            self.rows[-1].append(layers.Activation("relu"))
        self.out = layers.Dense(1)
    def fill(self, units):
        self.rows[-1].append(layers.Dense(units))
    def call(self, h):
        for row in self.rows:
            for layer in row:
                h = layer(h)
        return self.out(h)
train(Filled())
