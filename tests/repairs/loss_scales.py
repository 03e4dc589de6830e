# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
signals, levels = tf.random.normal((32, 6)), tf.random.normal((32, 1))
filters = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="tanh", dtype="mixed_float16"), keras.layers.Dense(1, dtype="float32")])
filters.layers[0].bias.assign(tf.ones(8))
filters.layers[1].bias.assign([1.0])
descent = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1e-5))
# %% nothing scales the loss
# fix: step/update-without-effect
# becomes: scaled_error = descent.scale_loss(error)
# becomes: slopes = tape.gradient(scaled_error, filters.trainable_variables)
for _ in range(3):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean((filters(signals) - levels) ** 2)
    slopes = tape.gradient(error, filters.trainable_variables)
    descent.apply_gradients(zip(slopes, filters.trainable_variables))
# %% the loss has no name
# none: step/update-without-effect
for _ in range(3):
    with tf.GradientTape() as tape:
        errors = (filters(signals) - levels) ** 2
    slopes = tape.gradient([errors], filters.trainable_variables)
    descent.apply_gradients(zip(slopes, filters.trainable_variables))
# %% half precision in front of a layer in float32
# fix: zero/underflow
# becomes: scaled_miss = miss * 2.0 ** 15
with tf.GradientTape() as tape:
    miss = tf.reduce_mean((filters(signals) - levels) ** 2) * 1e-9
slopes = tape.gradient(miss, filters.trainable_variables)
