# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
inside = np.zeros((8, 6, 6, 1), "uint8")
inside[:, 1:5, 1:5] = 255
pictures = (inside / 255.0 + 0.1).astype("float32")
def segmenter():
    return keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(1, 3, padding="same", bias_initializer="ones", activation="sigmoid")])
net = segmenter()
def overlap(truth, guess, smooth=1.0):
    both = tf.reduce_sum(truth * guess)
    return (2.0 * both + smooth) / (tf.reduce_sum(truth) + tf.reduce_sum(guess) + smooth)
def root_of_overlap(truth, guess):
    return tf.sqrt(1.0 - overlap(truth, guess))
# %% masks in a loop of batches
# fix: nonfinite/invalid-forward-value
# becomes: shape = shape / 255.0
data = tf.data.Dataset.from_tensor_slices((pictures, inside.astype("float32"))).batch(4)
for seen, shape in data:
    with tf.GradientTape() as tape:
        loss = root_of_overlap(shape, net(seen))
    grads = tape.gradient(loss, net.trainable_variables)
# %% masks that are cast in the call
# fix: nonfinite/loss-only
# becomes: loss = tf.math.log(1.0 - overlap(tf.cast(inside, tf.float32) / 255.0, net(pictures)))
with tf.GradientTape() as tape:
    loss = tf.math.log(1.0 - overlap(tf.cast(inside, tf.float32), net(pictures)))
grads = tape.gradient(loss, net.trainable_variables)
# %% whole numbers that fit casts
# fix: nonfinite/invalid-forward-value
# becomes: drawn = inside[..., 0] / 255.0
flat = keras.Sequential([segmenter(), keras.layers.Reshape((6, 6))])
def jaccard(truth, guess):
    shared = tf.reduce_sum(truth * guess)
    return tf.pow(1.0 - shared / (tf.reduce_sum(truth + guess) - shared), 0.7)
drawn = inside[..., 0]
flat.compile("sgd", jaccard)
flat.fit(pictures, drawn, epochs=1, verbose=0)
# %% masks of a function that trains
# fix: nonfinite/invalid-forward-value
# becomes: edges = tf.constant(inside, tf.float32) / 255.0  # of the borders
def train(model, xs, labels):
    with tf.GradientTape() as tape:
        loss = tf.sqrt(1.0 - overlap(labels, model(xs)))
    return tape.gradient(loss, model.trainable_variables)
edges = tf.constant(inside, tf.float32)  # of the borders
for turn in range(2):
    grads = train(net, pictures, edges)
# %% masks that are scaled somewhere else as well
# fix: nonfinite/invalid-forward-value
# becomes: model.fit(pictures, edges / 255.0, epochs=1, verbose=0)
edges = inside.astype("float32")
weights = 1.0 + edges / 255.0
model = segmenter()
model.compile("sgd", root_of_overlap)
model.fit(pictures, edges, epochs=1, verbose=0)
# %% targets that no picture is made of
# dropped: nonfinite/invalid-forward-value
ages = tf.constant([[21.0], [47.5], [63.0], [30.0]])
rows = tf.random.normal((4, 3))
scorer = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, bias_initializer="ones", activation="sigmoid")])
with tf.GradientTape() as tape:
    loss = tf.sqrt(1.0 - overlap(ages, scorer(rows)))
grads = tape.gradient(loss, scorer.trainable_variables)
# %% pictures that pass a gate
# dropped: nonfinite/invalid-forward-value
raw = tf.constant(inside, tf.float32)
with tf.GradientTape() as tape:
    loss = tf.sqrt(1.0 - tf.reduce_mean(raw * net(raw)))
grads = tape.gradient(loss, net.trainable_variables)
