# %% setup
import keras
import numpy as np
import tensorflow as tf
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
points = tf.random.uniform((16, 3))
entrance = keras.Input((8, 8, 3))
maps = keras.layers.Conv2D(4, 3, name="conv")(entrance)
classifier = keras.Model(entrance, keras.layers.Dense(3)(keras.layers.Flatten()(maps)))
def heatmap(image, model, name, index):
    features = model.get_layer(name).output
    with tf.GradientTape() as tape:
        score = model.output[:, index]
    return tape.gradient(score, features)
image = np.ones((1, 8, 8, 3), "float32")
# %% columns of the input
# fix: none/unused-variable
# becomes: u = net(tf.concat([points[:, 0:1], x, t], axis=1))
x, t = points[:, 1:2], points[:, 2:3]
with tf.GradientTape() as tape:
    tape.watch([x, t])
    u = net(points)
u_t = tape.gradient(u, [x, t])
# %% columns of a tensor that is watched
# fix: none/unused-variable
# becomes: u = net(tf.concat([points[:, 0:2], t], axis=1))
with tf.GradientTape() as tape:
    tape.watch(points)
    t = points[:, 2:3]
    u = net(points)
u_t = tape.gradient(u, t)
# %% outputs that are only symbols
# fix: error/source-not-tensor
# becomes: both = keras.Model(model.inputs, [model.get_layer(name).output, model.outputs[0]])
# becomes: features, prediction = both(image)
# becomes: score = prediction[:, index]
found = heatmap(image, classifier, "conv", 1)
# %% the input of a model, where the data is watched
# fix: error/source-not-tensor
# becomes: slope = tape.gradient(score, picture)
picture = tf.constant(image)
entry = classifier.input
with tf.GradientTape() as tape:
    tape.watch(picture)
    score = classifier(picture)[:, 1]
slope = tape.gradient(score, entry)
