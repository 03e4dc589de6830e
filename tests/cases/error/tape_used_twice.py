import tensorflow as tf
w = tf.Variable(2.0, name="w")
# %% twice
# raises: RuntimeError
with tf.GradientTape() as tape:
    y = w * w
a = tape.gradient(y, w)
b = tape.gradient(y, w)  # expect: error/tape-used-twice
# %% near: persistent
with tf.GradientTape(persistent=True) as tape:
    y = w * w
a = tape.gradient(y, w)
b = tape.gradient(y, w)
