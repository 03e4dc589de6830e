import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
optimizer = keras.optimizers.SGD(0.1)
# %% applied on two lines
with tf.GradientTape() as tape:
    loss = loss_of(w)
grads = tape.gradient(loss, [w])
optimizer.apply_gradients(zip(grads, [w]))
optimizer.apply_gradients(zip(grads, [w]))  # expect: step/updated-twice
# %% applied again and again
with tf.GradientTape() as tape:
    loss = loss_of(w)
grads = tape.gradient(loss, [w])
for _ in range(3):
    optimizer.apply_gradients(zip(grads, [w]))  # expect: step/updated-twice
# %% near: one step after the other
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
