import tensorflow as tf
w = tf.Variable(2.0, name="w")
optimizer = tf.keras.optimizers.SGD(0.1)
# %% an empty list
# raises: ValueError
optimizer.apply_gradients([])  # expect: error/no-loss
# %% near: a pair
optimizer.apply_gradients([(tf.constant(1.0), w)])
# %% an empty list of sources, stepped by hand
import keras
late = keras.Sequential([keras.layers.Dense(1)])
listed = late.trainable_variables
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(late(tf.ones((2, 3))) ** 2)
    for variable, slope in zip(listed, tape.gradient(loss, listed)):  # expect: error/no-loss
        variable.assign_sub(0.1 * slope)
# %% an optimizer that is silent about an empty list
import keras
late, sgd = keras.Sequential([keras.layers.Dense(1)]), keras.optimizers.SGD(0.1)
listed = late.trainable_variables
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(late(tf.ones((2, 3))) ** 2)
    slopes = tape.gradient(loss, listed)
    sgd.apply(slopes, listed)  # expect: error/no-loss
# %% near: listed when it is built
import keras
late = keras.Sequential([keras.layers.Dense(1)])
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(late(tf.ones((2, 3))) ** 2)
    for variable, slope in zip(late.trainable_variables, tape.gradient(loss, late.trainable_variables)):
        variable.assign_sub(0.1 * slope)
