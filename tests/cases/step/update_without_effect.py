import tensorflow as tf
import keras
w = tf.Variable([1.0, 2.0], name="w")
sgd = keras.optimizers.SGD(0.1)
none = keras.optimizers.SGD(0.0)  # expect: step/update-without-effect
# %% a learning rate of zero
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    none.apply_gradients([(tape.gradient(loss, w), w)])  # also: step/update-without-effect
# %% near: a small one
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    sgd.apply_gradients([(tape.gradient(loss, w), w)])
