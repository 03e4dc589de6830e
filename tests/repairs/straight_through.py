# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(1)
gate = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="sigmoid"), keras.layers.Dropout(0.5)])
x = tf.random.normal((8, 4))
w = tf.Variable([0.3, 1.2])
# %% a layer runs once
# fix: none/non-differentiable-op
# becomes: soft = gate(x, training=True)
# becomes: hard = soft + tf.stop_gradient(tf.round(soft) - soft)
with tf.GradientTape() as tape:
    hard = tf.round(gate(x, training=True))
    loss = tf.reduce_mean((hard - 0.3) ** 2)
grads = tape.gradient(loss, gate.trainable_variables)
# %% a name is written twice
# fix: none/non-differentiable-op
# becomes: loss = tf.reduce_mean((((w * 2.0) + tf.stop_gradient(tf.round(w * 2.0) - (w * 2.0))) - 0.3) ** 2)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((tf.round(w * 2.0) - 0.3) ** 2)
grad = tape.gradient(loss, w)
# %% within a function without a name
# fix: none/non-differentiable-op
# becomes: rounded = lambda v: tf.abs(v) + tf.stop_gradient(tf.round(tf.abs(v)) - tf.abs(v))
rounded = lambda v: tf.round(tf.abs(v))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((rounded(w) - 0.4) ** 2)
grad = tape.gradient(loss, w)
# %% what passes the gradient on already
# fix: none/non-differentiable-op
# becomes: bits = soft + tf.stop_gradient(tf.cast(soft > 0.5, tf.float32) - soft)
with tf.GradientTape() as tape:
    soft = tf.sigmoid(w)
    bits = tf.round(soft + tf.stop_gradient(tf.cast(soft > 0.5, tf.float32) - soft))
    loss = tf.reduce_mean((bits - 0.4) ** 2)
grad = tape.gradient(loss, w)
# %% near: what is rounded besides
# fix: none/non-differentiable-op
# becomes: coarse = soft_2 + tf.stop_gradient(tf.round(soft_2) - soft_2)
with tf.GradientTape() as tape:
    soft = w * 3.0
    coarse = tf.round(soft + tf.stop_gradient(tf.clip_by_value(soft, 0.0, 2.4) - soft))
    loss = tf.reduce_mean((coarse - 0.4) ** 2)
grad = tape.gradient(loss, w)
