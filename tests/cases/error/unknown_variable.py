import tensorflow as tf
a = tf.Variable(2.0, name="a")
b = tf.Variable(1.0, name="b")
one = tf.constant(1.0)
# %% another variable
# raises: ValueError
optimizer = tf.keras.optimizers.Adam(0.1)
optimizer.apply_gradients([(one, a)])
optimizer.apply_gradients([(one, b)])  # expect: error/unknown-variable
# %% near: built for both
optimizer = tf.keras.optimizers.Adam(0.1)
optimizer.build([a, b])
optimizer.apply_gradients([(one, a)])
optimizer.apply_gradients([(one, b)])
