import tensorflow as tf
import keras
layer = keras.layers.Dense(1)
x = tf.ones((2, 2))
# %% a layer
# raises: AttributeError
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x))
grads = tape.gradient(loss, layer)  # expect: error/source-not-tensor
# %% near: its variables
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x))
grads = tape.gradient(loss, layer.trainable_variables)
