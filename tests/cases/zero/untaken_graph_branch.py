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
# %% computed before, and used only in the branch that did not run
@tf.function
def step(flag):
    with tf.GradientTape() as tape:
        h = w * 2.0
        if flag:  # expect: zero/untaken-graph-branch
            loss = h * b
        else:
            loss = b * b
    return tape.gradient(loss, [w, b])  # status: zero ok
grads = step(tf.constant(False))
