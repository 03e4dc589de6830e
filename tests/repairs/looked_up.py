# %% setup
import keras
import numpy as np
import tensorflow as tf
from keras import layers
keras.utils.set_random_seed(6)
words = tf.constant(np.random.default_rng(1).integers(1, 30, (3, 7)))
reader = keras.Sequential([keras.Input((7,), dtype="int32"), layers.Embedding(30, 4), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")])
# %% a row of layers
# fix: none/non-float-dtype
# becomes: embedding = reader.layers[0]
# becomes: after_embedding = keras.Model(embedding.output, reader.outputs[0])
# becomes: embedded = embedding(words)
# becomes: tape.watch(embedded)
# becomes: score = after_embedding(embedded, training=False)
# becomes: slopes = tape.gradient(score, embedded)
with tf.GradientTape() as tape:
    tape.watch(words)
    score = reader(words, training=False)
slopes = tape.gradient(score, words)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(6)
tokens = np.random.default_rng(1).integers(1, 30, (3, 7))
entrance = keras.Input((7,), dtype="int64")
hidden = keras.layers.Embedding(30, 4)(entrance)
outcome = keras.layers.Dense(1)(keras.layers.GRU(5)(hidden))
classifier = keras.Model(entrance, outcome)
# %% a functional model, without a watch
# fix: none/non-float-dtype
# becomes: embedding = next(layer for layer in classifier.layers if isinstance(layer, keras.layers.Embedding))
# becomes: tape.watch(embedded)
# becomes: logit = after_embedding(embedded)
ids = tf.constant(tokens)
with tf.GradientTape() as tape:
    logit = classifier(ids)
slopes = tape.gradient(logit, ids)
# %% setup
import keras
import numpy as np
import tensorflow as tf
words = tf.constant(np.random.default_rng(1).integers(0, 30, (3, 7)))
masked = keras.Sequential([keras.Input((7,), dtype="int32"), keras.layers.Embedding(30, 4, mask_zero=True), keras.layers.GRU(5), keras.layers.Dense(1)])
# %% near: a mask that is made of the words
# dropped: none/non-float-dtype
with tf.GradientTape() as tape:
    score = masked(words)
slopes = tape.gradient(score, words)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
ids = tf.constant([[3, 7, 9]])
vectors, scored = keras.layers.Embedding(12, 4), keras.layers.Dense(1)
rows = tf.Variable(tf.random.normal((12, 4)))
# %% an embedding by itself
# fix: none/non-float-dtype
# becomes: embedded = vectors(ids)
# becomes: score = scored(tf.reduce_mean(embedded, axis=1))
# becomes: slopes = tape.gradient(score, embedded)
# gone: tape.watch(ids)
with tf.GradientTape() as tape:
    tape.watch(ids)
    score = scored(tf.reduce_mean(vectors(ids), axis=1))
slopes = tape.gradient(score, ids)
# %% a table of vectors
# fix: none/non-float-dtype
# becomes: tape.watch(embedded)
# becomes: embedded = tf.nn.embedding_lookup(rows, ids)
with tf.GradientTape() as tape:
    looked = tf.nn.embedding_lookup(rows, ids)
    score = tf.reduce_sum(tf.square(looked))
slopes = tape.gradient(score, ids)
