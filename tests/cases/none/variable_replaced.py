import tensorflow as tf
# %% rebinding
w = tf.Variable(2.0)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    g = tape.gradient(loss, w)
    if g is not None:
        w = w - 0.1 * g  # expect: none/variable-replaced
# %% near: assign
w = tf.Variable(2.0)
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    w.assign_sub(0.1 * tape.gradient(loss, w))
# %% near: rebound and watched
w = tf.Variable(2.0)
for step in range(3):
    with tf.GradientTape() as tape:
        tape.watch(w)
        loss = w * w
    w = w - 0.1 * tape.gradient(loss, w)
