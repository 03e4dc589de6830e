# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
picture = tf.random.normal((1, 8, 8, 1))
net = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, name="last"), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])
features_of = keras.Model(net.inputs, net.get_layer("last").output)  # what the heat map is made of
def heat(image, class_):
    part = keras.Model(inputs=net.inputs, outputs=net.layers[0].output)
    with tf.GradientTape() as tape:
        scores = net(image)
        maps = part(image)
        score = scores[:, class_]
    slopes = tape.gradient(score, maps)
    return tf.reduce_mean(maps * tf.reduce_mean(slopes, axis=(1, 2), keepdims=True), axis=-1)
# %% a model of an earlier cell
# fix: none/unused-variable
# becomes: features_of = keras.Model(net.inputs, [net.get_layer("last").output, net.outputs[0]])  # what the heat map is made of
# becomes: maps, scores = features_of(picture)
# gone: scores = net(picture)
with tf.GradientTape() as tape:
    maps = features_of(picture)
    tape.watch(maps)
    scores = net(picture)
    score = scores[:, 1]
slopes = tape.gradient(score, maps)
# %% in a function
# fix: none/unused-variable
# becomes: part = keras.Model(inputs=net.inputs, outputs=[net.layers[0].output, net.outputs[0]])
# becomes: maps, scores = part(image)
heat(picture, 0)
# %% the whole model on another picture
# none: none/unused-variable
with tf.GradientTape() as tape:
    maps = features_of(picture)
    tape.watch(maps)
    score = net(2.0 * picture)[:, 1]
slopes = tape.gradient(score, maps)
# %% the first layer by itself
# fix: none/unused-variable
# becomes: seen, all_of_it = keras.Model(net.inputs, [net.layers[0].output, net.outputs[0]])(picture)
# gone: all_of_it = net(picture)
with tf.GradientTape() as tape:
    seen = net.layers[0](picture)
    all_of_it = net(picture)
    score = all_of_it[:, 1]
slopes = tape.gradient(score, seen)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
picture = tf.random.normal((1, 8, 8, 1))
entrance = keras.Input((8, 8, 1))
seen = keras.layers.Conv2D(4, 3, activation="relu", name="last")(entrance)
net = keras.Model(entrance, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(seen)))
part = keras.Model(entrance, seen)
# %% two models of one input
# fix: none/unused-variable
# becomes: part = keras.Model(entrance, [seen, net.outputs[0]])
# becomes: maps, scores = part(picture)
# gone: scores = net(picture)
with tf.GradientTape() as tape:
    maps = part(picture)
    tape.watch(maps)
    scores = net(picture)
    score = scores[:, 1]
slopes = tape.gradient(score, maps)
