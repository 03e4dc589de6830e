# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(4)
x = tf.random.normal((6, 4))
truth = tf.one_hot([0, 1, 2, 0, 1, 2], 3)
sure = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
raw = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
def decided(scores):
    chosen = np.argmax(scores, axis=-1)
    return keras.utils.to_categorical(chosen, num_classes=3)  # hard
# %% the largest probability, by NumPy
# fix: none/left-tensorflow
# becomes: guess = p
with tf.GradientTape() as tape:
    p = sure(x)
    guess = keras.utils.to_categorical(np.argmax(p, axis=1), 3)
    loss = tf.reduce_mean(keras.losses.categorical_crossentropy(truth, guess))
slopes = tape.gradient(loss, sure.trainable_variables)
# %% the largest score, by a name
# fix: none/left-tensorflow
# becomes: guess = tf.nn.softmax(scores)
with tf.GradientTape() as tape:
    scores = raw(x)
    index = np.argmax(scores, axis=1)
    guess = tf.one_hot(index, 3)
    loss = tf.reduce_mean((truth - guess) ** 2)
slopes = tape.gradient(loss, raw.trainable_variables)
# %% the largest probability, by TensorFlow
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_mean((truth - p) ** 2)
with tf.GradientTape() as tape:
    p = sure(x)
    loss = tf.reduce_mean((truth - tf.one_hot(tf.argmax(p, axis=-1), 3)) ** 2)
slopes = tape.gradient(loss, sure.trainable_variables)
# %% the largest score, by TensorFlow
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_mean((truth - tf.nn.softmax(scores)) ** 2)
with tf.GradientTape() as tape:
    scores = raw(x)
    loss = tf.reduce_mean((truth - tf.one_hot(tf.argmax(scores, axis=-1), 3)) ** 2)
slopes = tape.gradient(loss, raw.trainable_variables)
# %% an index that is used twice
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    p = sure(x)
    index = np.argmax(p, axis=1)
    print(index)
    guess = keras.utils.to_categorical(index, 3)
    loss = tf.reduce_mean((truth - guess) ** 2)
slopes = tape.gradient(loss, sure.trainable_variables)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
words = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(5)])
given, right = np.random.rand(6, 4).astype("float32"), np.array([0, 1, 2, 3, 4, 0])
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
# %% what a loss takes that is given logits
# fix: none/non-differentiable-op
# becomes: loss = loss_fn(right, scores)
with tf.GradientTape() as tape:
    scores = words(given)
    chosen = tf.argmax(scores, axis=-1)
    loss = loss_fn(right, tf.one_hot(chosen, 5))
grads = tape.gradient(loss, words.trainable_variables)
