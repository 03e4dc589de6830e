import tensorflow as tf
a = tf.Variable(1.0, name="a")
b = tf.Variable(2.0, name="b")
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.build([a, b])
# %% swapped
with tf.GradientTape() as tape:
    loss = a * a + 3.0 * b
grads = tape.gradient(loss, [a, b])
optimizer.apply_gradients(zip(grads, [b, a]))  # expect: step/gradients-zipped-out-of-order
# %% near: both lists turned
with tf.GradientTape() as tape:
    loss = a * a + 3.0 * b
grads = tape.gradient(loss, [b, a])
optimizer.apply_gradients(zip(grads, [b, a]))
# %% near: clipped in between
with tf.GradientTape() as tape:
    loss = a * a + 3.0 * b
grads, _ = tf.clip_by_global_norm(tape.gradient(loss, [a, b]), 0.1)
optimizer.apply_gradients(zip(grads, [a, b]))
