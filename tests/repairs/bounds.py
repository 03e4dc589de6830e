# %% setup
import keras
import numpy as np
import tensorflow as tf
w = tf.Variable([1.0, -2.0, 3.0])
embed = keras.Sequential([keras.Input((16,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(4)])
def triplet(anchor, positive, negative, margin=0.2):
    near = tf.reduce_sum(tf.square(anchor - positive), axis=1)
    far = tf.reduce_sum(tf.square(anchor - negative), axis=1)
    return tf.reduce_mean(tf.maximum(near - far + margin, 0.0))
faces = np.random.default_rng(0).integers(0, 256, (20, 16)).astype("float32")
def phase_loss(a, b):
    return tf.reduce_mean(1.0 - tf.cos(tf.math.angle(a) - tf.math.angle(b)))
silent = tf.Variable([0.0, 1.0])
half = tf.Variable(tf.fill((400,), tf.constant(30.0, tf.float16)), dtype=tf.float16)
# %% relu6 over its ceiling
# fix: zero/clipped
# becomes: loss = tf.reduce_sum(tf.nn.relu(w * w + 10.0))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.relu6(w * w + 10.0))
grad = tape.gradient(loss, w)
# %% a hard sigmoid
# fix: zero/clipped
# becomes: loss = tf.reduce_sum(keras.activations.sigmoid(w * w + 5.0))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(keras.activations.hard_sigmoid(w * w + 5.0))
grad = tape.gradient(loss, w)
# %% a range that no value is in
# fix: zero/clipped
# becomes: q = tf.quantization.fake_quant_with_min_max_vars(-w * w, tf.reduce_min(-w * w), tf.reduce_max(-w * w), num_bits=4)
with tf.GradientTape() as tape:
    q = tf.quantization.fake_quant_with_min_max_args(-w * w, 0.0, 6.0, num_bits=4)
    loss = tf.reduce_sum(q * 2.0)
grad = tape.gradient(loss, w)
# %% triplets of long embeddings
# fix: zero/clipped
# becomes: anchor, negative, positive = tf.math.l2_normalize(anchor, axis=-1), tf.math.l2_normalize(negative, axis=-1), tf.math.l2_normalize(positive, axis=-1)
with tf.GradientTape() as tape:
    loss = triplet(embed(faces), embed(faces + 1.0), embed(faces[::-1].copy()))
grads = tape.gradient(loss, embed.trainable_variables)
# %% the phase of silence
# fix: nonfinite/infinite-derivative
# becomes: loss = tf.reduce_mean(tf.math.angle(tf.where(tf.abs(z) > 1e-6, z, tf.ones_like(z))))
with tf.GradientTape() as tape:
    z = tf.complex(silent, silent)
    loss = tf.reduce_mean(tf.math.angle(z))
grad = tape.gradient(loss, silent)
# %% a sum that float16 does not hold
# fix: nonfinite/loss-only
# becomes: loss = tf.reduce_mean(tf.square(tf.cast(half * 2.0, tf.float32)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(half * 2.0))
grad = tape.gradient(loss, half)
# %% setup
import tensorflow as tf
table = tf.Variable([[1.0, 2.0], [0.0, 0.0], [3.0, 3.0]])
# %% divided by a spread that is 0
# fix: nonfinite/invalid-forward-value
# becomes: scaled = table / tf.sqrt(tf.math.reduce_variance(table, axis=1, keepdims=True) + 1e-8)
with tf.GradientTape() as tape:
    scaled = table / tf.math.reduce_std(table, axis=1, keepdims=True)
    loss = tf.reduce_sum(scaled * [[1.0, 3.0]])
grad = tape.gradient(loss, table)
# %% divided by a length that is 0, under a name
# fix: nonfinite/invalid-forward-value
# becomes: length = tf.sqrt(tf.reduce_sum(tf.square(table), axis=1, keepdims=True) + 1e-12)
with tf.GradientTape() as tape:
    length = tf.norm(table, axis=1, keepdims=True)
    loss = tf.reduce_sum(table / length * [[1.0, 3.0]])
grad = tape.gradient(loss, table)
# %% divided by a sum that is 0
# fix: nonfinite/invalid-forward-value
# becomes: loss = tf.reduce_sum(tf.math.divide_no_nan(table, tf.reduce_sum(table, axis=1, keepdims=True)) * [[1.0, 3.0]])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(table / tf.reduce_sum(table, axis=1, keepdims=True) * [[1.0, 3.0]])
grad = tape.gradient(loss, table)
# %% setup
import tensorflow as tf
w = tf.Variable([1.0, -2.0, 3.0])
# %% the root of what is rounded below 0
# fix: nonfinite/invalid-forward-value
# becomes: loss = tf.reduce_sum(1.0 / tf.sqrt(tf.maximum(w - w * 1.0001, 1e-7)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(1.0 / tf.sqrt(w - w * 1.0001))
grad = tape.gradient(loss, w)
