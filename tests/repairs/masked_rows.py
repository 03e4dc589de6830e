# %% setup
import keras
import numpy as np
import tensorflow as tf
notes = keras.utils.pad_sequences([[3, 1], [2], [], [4, 4, 1], [5], []], maxlen=4)
marks = np.array([[1.0], [0.0], [1.0], [1.0], [0.0], [0.0]])
lengths = np.where(notes > 0, 0.5, 0.0)[..., None].repeat(2, axis=2)
reader = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(6, 3, mask_zero=True), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)])
reader.compile("sgd", "mse")
measured = keras.Sequential([keras.Input((4, 2)), keras.layers.Masking(), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)])
measured.compile("sgd", "mse")
def mean_of(values, mask):
    return tf.reduce_sum(values * mask[..., None], axis=1) / tf.reduce_sum(mask, axis=1, keepdims=True)
# %% rows of padding alone
# fix: nonfinite/invalid-forward-value
# becomes: kept = (notes != 0).any(axis=1)
# becomes: past = reader.fit(notes[kept], y=marks[kept], epochs=1, verbose=0)
past = reader.fit(notes, y=marks, epochs=1, verbose=0)
# %% near: weights beside the rows
# none: nonfinite/invalid-forward-value
past = reader.fit(notes, marks, sample_weight=np.ones(6), epochs=1, verbose=0)
# %% near: a mask that is not made of zeros in the data alone
# none: nonfinite/invalid-forward-value
past = measured.fit(lengths, marks, epochs=1, verbose=0)
# %% near: in a loop
# none: nonfinite/invalid-forward-value
with tf.GradientTape() as tape:
    error = tf.reduce_mean((reader(notes) - marks) ** 2)
grads = tape.gradient(error, reader.trainable_variables)
# %% near: a mean by hand
# fix: nonfinite/invalid-forward-value
# becomes: return tf.math.divide_no_nan(tf.reduce_sum(values * mask[..., None], axis=1), tf.reduce_sum(mask, axis=1, keepdims=True))
table = tf.Variable(tf.random.normal((6, 3), seed=1))
with tf.GradientTape() as tape:
    error = tf.reduce_mean(mean_of(tf.gather(table, notes), tf.cast(notes > 0, tf.float32)) ** 2)
grad = tape.gradient(error, table)
