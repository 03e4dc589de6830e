import tensorflow as tf
import keras
keras.utils.set_random_seed(1)
x, y = tf.random.normal((8, 4)), tf.random.normal((8, 1))
half = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, dtype="mixed_float16"), keras.layers.Dense(1, dtype="float32")])
huge = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=2.0 ** 30)
sane = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01), initial_scale=256.0)
# %% a scale that never fits
# allow: nonfinite/overflow
for _ in range(4):
    with tf.GradientTape() as tape:
        scaled = huge.scale_loss(tf.reduce_mean((half(x) - y) ** 2))
    grads = tape.gradient(scaled, half.trainable_variables)
    huge.apply_gradients(zip(grads, half.trainable_variables))  # expect: step/skipped-by-loss-scale
# %% near: a scale that fits
for _ in range(4):
    with tf.GradientTape() as tape:
        scaled = sane.scale_loss(tf.reduce_mean((half(x) - y) ** 2))
    grads = tape.gradient(scaled, half.trainable_variables)
    sane.apply_gradients(zip(grads, half.trainable_variables))
