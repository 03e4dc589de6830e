import tensorflow as tf
w = tf.Variable(2.0, name="w")
# %% eager
# raises: RuntimeError
y = w * 2.0
g = tf.gradients(y, [w])  # expect: error/graph-api-in-eager
# %% near: in a graph
@tf.function
def slope():
    return tf.gradients(w * 2.0, [w])
value = slope()
