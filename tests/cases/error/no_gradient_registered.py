import tensorflow as tf
w = tf.Variable([1.0, 2.0, 2.0], name="w")
# %% unique
# raises: LookupError
with tf.GradientTape() as tape:
    values, index = tf.unique(w)  # expect: error/no-gradient-registered
    loss = tf.reduce_sum(values)
grad = tape.gradient(loss, w)
# %% near: beside the path
with tf.GradientTape() as tape:
    values, index = tf.unique(w)
    loss = tf.reduce_sum(w)
grad = tape.gradient(loss, w)
# %% in a function that is traced
# raises: StagingError
@tf.function
def step():
    with tf.GradientTape() as tape:
        doubled = 2.0 * w
        values, index = tf.unique(doubled)  # expect: error/no-gradient-registered
        loss = tf.reduce_sum(values)
    return tape.gradient(loss, w)
step()
