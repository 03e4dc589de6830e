import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a learning rate of zero
optimizer = keras.optimizers.SGD(0.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))  # expect: step/update-without-effect
# %% weights of float16
h = tf.Variable(tf.constant([100.0, 200.0], tf.float16), name="h")
optimizer = keras.optimizers.SGD(1e-5)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(h)
    grads = tape.gradient(loss, [h])
    optimizer.apply_gradients(zip(grads, [h]))  # expect: step/update-without-effect
# %% a model that is frozen
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.trainable = False
model.train_on_batch(tf.ones((4, 2)), tf.ones((4, 1)))  # expect: step/update-without-effect
# %% near: an ordinary step
optimizer = keras.optimizers.SGD(0.1)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
