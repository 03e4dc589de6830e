# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
picture = tf.random.normal((1, 8, 8, 1))
net = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, name="last"), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])
# %% the output of a layer that was looked up
# fix: error/source-not-tensor
# becomes: both = keras.Model(net.inputs, [layer.output, net.outputs[0]])
# becomes: features, scores = both(image)
# becomes: slopes = tape.gradient(score, features)
# becomes: return tf.reduce_sum(features * tf.reduce_mean(slopes, axis=(0, 1, 2)), axis=-1)
def heat(net, image, name):
    layer = net.get_layer(name)
    with tf.GradientTape() as tape:
        scores = net(image)
        score = scores[:, 1]
    slopes = tape.gradient(score, layer.output)
    return tf.reduce_sum(layer.output * tf.reduce_mean(slopes, axis=(0, 1, 2)), axis=-1)
heat(net, picture, "last")
# %% under a name of its own
# fix: error/source-not-tensor
# becomes: both = keras.Model(net.inputs, [net.layers[0].output, net.outputs[0]])
# becomes: slopes = tape.gradient(score, features)
# becomes: shown = tf.reduce_mean(features * slopes)
maps = net.layers[0].output
with tf.GradientTape() as tape:
    scores = net(picture)
    score = scores[:, 1]
slopes = tape.gradient(score, maps)
shown = tf.reduce_mean(maps * slopes)
