import tensorflow as tf
w = tf.Variable(2.0, name="w")
optimizer = tf.keras.optimizers.SGD(0.1)
# %% an empty list
# raises: ValueError
optimizer.apply_gradients([])  # expect: error/no-loss
# %% near: a pair
optimizer.apply_gradients([(tf.constant(1.0), w)])
