import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a learning rate of a thousand
optimizer = keras.optimizers.SGD(1000.0)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))  # expect: step/update-destroys-weights
# %% near: a large and harmless one
v = tf.Variable([1.0, -2.0])
optimizer = keras.optimizers.SGD(0.2)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = loss_of(v)
    grads = tape.gradient(loss, [v])
    optimizer.apply_gradients(zip(grads, [v]))
