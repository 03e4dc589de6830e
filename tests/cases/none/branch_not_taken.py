import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
flag = tf.constant(False)
# %% cond
with tf.GradientTape() as tape:
    loss = tf.cond(flag, lambda: w * b, lambda: w * w)  # expect: none/branch-not-taken
grads = tape.gradient(loss, [w, b])
# %% loop of no turns
with tf.GradientTape() as tape:
    loss = w * 1.0
    for _ in range(0):  # expect: none/branch-not-taken
        loss = loss + b
grads = tape.gradient(loss, [w, b])
# %% near: taken
with tf.GradientTape() as tape:
    loss = w * 1.0
    if not flag:
        loss = loss + b
grads = tape.gradient(loss, [w, b])
