# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(6)
w, ws = tf.Variable([2.0, 1.0]), [tf.Variable([2.0, 1.0]), tf.Variable([1.0, 1.0])]
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)])
kept = np.array(w)
values = [v.numpy() for v in ws]
params = [v.numpy() for v in net.trainable_variables]
def forward(x, p):
    return tf.tanh(x @ p[0] + p[1]) @ p[2] + p[3]
# %% an array
# fix: none/left-tensorflow
# becomes: kept = w
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(kept * tf.constant([1.0, 2.0]))
grad = tape.gradient(loss, w)
# %% a list
# fix: none/left-tensorflow
# becomes: values = [v for v in ws]
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(values[0] * tf.constant([1.0, 2.0])) + tf.reduce_sum(values[1])
grads = tape.gradient(loss, ws)
# %% the weights of a model
# fix: none/left-tensorflow
# becomes: params = [v for v in net.trainable_variables]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((forward(tf.ones((3, 2)), params) - 1.0) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
