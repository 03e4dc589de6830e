# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
net = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
x = (np.random.default_rng(0).normal(size=(16, 3)) * 200).astype("float32")
y = (x[:, :1] > 0).astype("float32")
def focal(y, p, gamma=0.5):
    pt = tf.where(y == 1, p, 1 - p)
    return -tf.reduce_mean(tf.pow(1 - pt, gamma) * tf.math.log(pt))
def of_shares(p):
    return -tf.reduce_mean((1 - p) ** 0.5 * tf.math.log(p))
# %% a focal loss whose power is below one
# fix: nonfinite/invalid-forward-value
# becomes: pt = tf.clip_by_value(tf.where(y == 1, p, 1 - p), 1e-7, 1.0 - 1e-7)
with tf.GradientTape() as tape:
    loss = focal(y, net(x))
grads = tape.gradient(loss, net.trainable_variables)
# %% by a parameter
# fix: nonfinite/invalid-forward-value
# becomes: p = tf.clip_by_value(p, 1e-7, 1.0 - 1e-7)
with tf.GradientTape() as tape:
    loss = of_shares(tf.where(y == 1, net(x), 1 - net(x)))
grads = tape.gradient(loss, net.trainable_variables)
