# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(2)
embed = keras.layers.Embedding(20, 4)
head = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
X, Y = np.random.randint(0, 20, (32, 6)), np.random.randn(32, 1).astype("float32")
def prepare(tokens, label):
    e = embed(tokens)
    return tf.reduce_mean(e, axis=1), label
def shortened(tokens, label):
    return tf.reduce_mean(embed(tokens), axis=0), label
ds = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(32).batch(16).map(prepare).prefetch(1)
alone = tf.data.Dataset.from_tensor_slices((X, Y)).map(shortened).batch(16)
@tf.function
def step(seen, wanted):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(seen) - wanted) ** 2)
    vs = embed.trainable_variables + head.trainable_variables
    return tape.gradient(loss, vs)
# %% a function that a compiled step gets its batches from
# fix: none/outside-tape
# becomes: ds = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(32).batch(16).prefetch(1)
# becomes: seen, wanted = prepare(seen, wanted)
for tokens, label in ds:
    step(tokens, label)
# %% in a loop of the cell
# fix: none/outside-tape
# becomes: data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
# becomes: a, b = prepare(a, b)
data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16).map(prepare, num_parallel_calls=2)
for a, b in data:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(a) - b) ** 2)
    grads = tape.gradient(loss, embed.trainable_variables + head.trainable_variables)
# %% a function of single examples
# none: none/outside-tape
for a, b in alone:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(a) - b) ** 2)
    grads = tape.gradient(loss, embed.trainable_variables + head.trainable_variables)
