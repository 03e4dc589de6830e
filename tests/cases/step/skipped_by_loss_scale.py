import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a scale that never fits
optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**127)
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = optimizer.scale_loss(1e8 * loss_of(w))
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))  # expect: step/skipped-by-loss-scale
# %% near: a scale that fits
optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0**8)
for _ in range(4):
    with tf.GradientTape() as tape:
        loss = optimizer.scale_loss(loss_of(w))
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
