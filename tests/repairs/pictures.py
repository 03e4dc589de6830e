# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import layers
def classify(values):
    return tf.reduce_mean(tf.square(tf.cast(values, tf.float32) / 255.0 - 0.3))
def load():
    return tf.io.decode_png(tf.io.encode_png(tf.cast(tf.random.uniform((8, 8, 3), 0, 256, tf.int32, seed=1), tf.uint8)))
picture, other = load(), load()
words = tf.strings.to_number(["3", "1"], tf.int32)
embed = layers.Embedding(10, 4)
saliency = {}
def attack(image, step):
    # the sign of the gradient
    with tf.GradientTape() as tape:
        loss = classify(image)
    gradient = tape.gradient(loss, image)
    return image + step * tf.sign(gradient)
# %% a decoded picture
# fix: none/non-float-dtype
# becomes: picture = tf.cast(picture, tf.float32)
with tf.GradientTape() as tape:
    tape.watch(picture)
    loss = classify(picture[None])
gradient = tape.gradient(loss, picture)
# %% an argument that is not watched
# fix: none/non-float-dtype
# becomes: image = tf.cast(image, tf.float32)
# becomes: tape.watch(image)
new = attack(other, 2.0)
# %% near: converted before the tape is opened
# none: none/non-float-dtype
ready = tf.cast(picture, tf.float32)
with tf.GradientTape() as tape:
    tape.watch(picture)
    loss = classify(ready)
gradient = tape.gradient(loss, picture)
# %% token numbers
# fix: none/non-float-dtype
# becomes: gradient = tape.gradient(loss, embedded)
with tf.GradientTape() as tape:
    tape.watch(words)
    loss = tf.reduce_sum(embed(words))
gradient = tape.gradient(loss, words)
# %% a variable of whole numbers from NumPy
# fix: none/non-float-dtype
# becomes: canvas = tf.Variable(np.ones((1, 4, 4, 3), dtype="float32"))
canvas = tf.Variable(np.ones((1, 4, 4, 3), dtype="uint8"))
with tf.GradientTape() as tape:
    loss = classify(canvas)
gradient = tape.gradient(loss, canvas)
# %% an array by its name
# fix: none/non-float-dtype
# becomes: photo = tf.constant(tf.cast(raw, tf.float32))
raw = np.arange(12).reshape(2, 2, 3)
photo = tf.constant(raw)
with tf.GradientTape() as tape:
    tape.watch(photo)
    loss = classify(photo)
gradient = tape.gradient(loss, photo)
# %% a shape stays whole
# fix: none/non-float-dtype
# becomes: grey = tf.Variable(tf.fill([4, 4], 128.0))
grey = tf.Variable(tf.fill([4, 4], 128))
with tf.GradientTape() as tape:
    loss = classify(grey)
gradient = tape.gradient(loss, grey)
