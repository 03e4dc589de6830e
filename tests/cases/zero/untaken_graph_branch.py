import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")

@tf.function
def pick(flag):
    return tf.cond(flag, lambda: w * b, lambda: w * w)  # expect: zero/untaken-graph-branch
# %% not taken, expect setup
with tf.GradientTape() as tape:
    loss = pick(tf.constant(False))
grads = tape.gradient(loss, [w, b])
# %% near: taken
with tf.GradientTape() as tape:
    loss = pick(tf.constant(True))
grads = tape.gradient(loss, [w, b])
