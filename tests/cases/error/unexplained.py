import tensorflow as tf
w = tf.Variable(2.0, name="w")
# %% a custom gradient that raises
# raises: ZeroDivisionError
@tf.custom_gradient
def broken(x):
    def grad(dy):
        raise ZeroDivisionError("inside")
    return x * 2.0, grad
with tf.GradientTape() as tape:
    loss = broken(w)
grad = tape.gradient(loss, w)  # expect: error/unexplained
