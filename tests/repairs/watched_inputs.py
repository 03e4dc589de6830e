# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(23)
pixels = keras.Input((6, 6, 1), name="pixels")
net = keras.Model(pixels, keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Conv2D(2, 3)(pixels))))
row = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
batch = np.random.default_rng(1).random((3, 6, 6, 1)).astype("float32")
table = tf.random.normal((5, 4))
class Explainer:
    def __init__(self, model):
        self.model = model
    def slopes(self, data):
        with tf.GradientTape() as tape:
            out = self.model(data, training=False)
        return tape.gradient(out, self.model.inputs)[0]
def slope_of_both(a, b):
    with tf.GradientTape() as tape:
        gap = row(a) - row(b)
    return tape.gradient(gap, row.inputs[0])
def slope_of_prediction(a):
    with tf.GradientTape() as tape:
        top = tf.reduce_max(row.predict(a, verbose=0))
    return tape.gradient(top, row.inputs[0])
# %% an array that a loop gives
# fix: error/source-not-tensor
# becomes: data = tf.convert_to_tensor(picture[None])
# becomes: tape.watch(data)
# becomes: best = tf.reduce_max(net(data), axis=1)
# becomes: maps.append(tape.gradient(best, data))
maps = []
for picture in batch:
    with tf.GradientTape() as tape:
        best = tf.reduce_max(net(picture[None]), axis=1)
    maps.append(tape.gradient(best, net.input))
# %% in a method, asked of the list of inputs
# fix: error/source-not-tensor
# becomes: data = tf.convert_to_tensor(data)
# becomes: tape.watch(data)
# becomes: return tape.gradient(out, [data])[0]
found = Explainer(row).slopes(table)
# %% the name with which the model was built
# fix: error/source-not-tensor
# becomes: tape.watch(image)
# becomes: slope = tape.gradient(score, image)
with tf.GradientTape() as tape:
    image = tf.convert_to_tensor(batch)
    score = net(image)[:, 1]
slope = tape.gradient(score, pixels)
# %% the input of the first layer
# fix: error/source-not-tensor
# becomes: tape.watch(points)
# becomes: (slope,) = tape.gradient(value, [points])
points = tf.constant(table)
with tf.GradientTape() as tape:
    value = row(points)
(slope,) = tape.gradient(value, [row.layers[0].input])
# %% near: the model is called with two things
# none: error/source-not-tensor
slope_of_both(table, -table)
# %% near: no call of the model under the tape
# none: error/source-not-tensor
slope_of_prediction(table)
