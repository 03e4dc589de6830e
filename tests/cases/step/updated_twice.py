import tensorflow as tf
import keras
w = tf.Variable([1.0, 2.0], name="w")
sgd = keras.optimizers.SGD(0.1)
# %% applied twice
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    grad = tape.gradient(loss, w)
    sgd.apply_gradients([(grad, w)])  # also: step/updated-twice
    sgd.apply_gradients([(grad, w)])  # expect: step/updated-twice
# %% near: two gradients
for _ in range(3):
    for power in (2.0, 4.0):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(w ** power)
        sgd.apply_gradients([(tape.gradient(loss, w), w)])
