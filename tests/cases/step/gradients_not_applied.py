import tensorflow as tf
w = tf.Variable(2.0, name="w")
optimizer = tf.keras.optimizers.SGD(0.1)
# %% never
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])  # expect: step/gradients-not-applied
# %% near: once, to look at
with tf.GradientTape() as tape:
    loss = w * w
grads = tape.gradient(loss, [w])
# %% near: collected
found = []
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    found.append(grads[0])
# %% near: assigned by hand
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    w.assign_sub(0.1 * grads[0])
