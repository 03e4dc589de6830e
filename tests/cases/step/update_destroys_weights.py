import tensorflow as tf
import keras
w = tf.Variable([1.0, 2.0], name="w")
sgd = keras.optimizers.SGD(0.1)
huge = keras.optimizers.SGD(1e12)
# %% a rate of the wrong size
# allow: nonfinite/overflow nonfinite/bad-variable-value scale/unscaled-loss-or-data
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    grad = tape.gradient(loss, w)
    huge.apply_gradients([(grad, w)])  # expect: step/update-destroys-weights
# %% near: a rate of the right size
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    sgd.apply_gradients([(tape.gradient(loss, w), w)])
