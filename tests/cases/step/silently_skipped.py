import tensorflow as tf
a = tf.Variable(1.0, name="a")
b = tf.Variable(2.0, name="b")
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.build([a, b])
# %% a note beside the cause
with tf.GradientTape() as tape:
    loss = a * a
grads = tape.gradient(loss, [a, b])  # expect: none/unused-variable
optimizer.apply_gradients(zip(grads, [a, b]))
# %% near: none skipped
with tf.GradientTape() as tape:
    loss = a * b
grads = tape.gradient(loss, [a, b])
optimizer.apply_gradients(zip(grads, [a, b]))
