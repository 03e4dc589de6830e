import tensorflow as tf
import keras
w = tf.Variable([1.0, 2.0], name="w")
sgd = keras.optimizers.SGD(0.1)
# %% a variable for each turn
for _ in range(3):
    v = tf.Variable([1.0, 2.0])  # expect: step/recreated-every-step
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v ** 2)
    v.assign_sub(0.1 * tape.gradient(loss, v))
# %% near: made before the loop
v = tf.Variable([1.0, 2.0])
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v ** 2)
    v.assign_sub(0.1 * tape.gradient(loss, v))
