import tensorflow as tf
w = tf.Variable([1.0, float("nan")], name="w")
v = tf.Variable([1.0, 2.0], name="v")
# %% NaN inside
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * w)  # expect: nonfinite/bad-variable-value
grad = tape.gradient(loss, w)
# %% near: finite
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(v * v)
grad = tape.gradient(loss, v)
# %% infinite from the start, where every gradient is finite
import numpy as np
import keras
keras.utils.set_random_seed(0)
with np.errstate(divide="ignore"):
    start = np.log(0.0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(start))])
sgd, bce = keras.optimizers.SGD(0.1), keras.losses.BinaryCrossentropy(from_logits=True)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = bce(tf.zeros((4, 1)), model(tf.ones((4, 3))))  # expect: nonfinite/bad-variable-value
    grads = tape.gradient(loss, model.trainable_variables)  # status: zero zero
    sgd.apply_gradients(zip(grads, model.trainable_variables))
