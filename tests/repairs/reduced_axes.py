# %% setup
import keras
import numpy as np
import tensorflow as tf
features = tf.constant(np.random.default_rng(0).normal(size=(12, 3)), tf.float32)
wanted = tf.reduce_sum(features, axis=1, keepdims=True)
kernel = tf.Variable([[0.3], [0.1], [-0.2]])
class Correlation(keras.losses.Loss):
    def __init__(self, axis=-1, name="correlation"):
        super().__init__(name=name)
        self.axis = axis
    def call(self, y_true, y_pred):
        t = y_true - tf.reduce_mean(y_true, axis=self.axis, keepdims=True)
        p = y_pred - tf.reduce_mean(y_pred, axis=self.axis, keepdims=True)
        return 1.0 - tf.reduce_sum(t * p, axis=self.axis) / (tf.norm(t) * tf.norm(p) + 1e-6)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss=Correlation())
# %% the axis is the default of a parameter
# fix: zero/stationary-point
# becomes: def __init__(self, axis=0, name="correlation"):
model.fit(features, wanted, epochs=1, verbose=0)
# %% the axis is written in each sum
# fix: zero/stationary-point
# becomes: centred = predicted - tf.reduce_mean(predicted, axis=0, keepdims=True)
with tf.GradientTape() as tape:
    predicted = features @ kernel
    centred = predicted - tf.reduce_mean(predicted, axis=1, keepdims=True)
    loss = tf.reduce_mean(tf.square(wanted - centred))
grad = tape.gradient(loss, kernel)
# %% values of three axes
# none: zero/stationary-point
with tf.GradientTape() as tape:
    predicted = tf.reshape(features @ kernel, (3, 4, 1))
    centred = predicted - tf.reduce_mean(predicted, axis=2, keepdims=True)
    loss = tf.reduce_mean(tf.square(1.0 - centred))
grad = tape.gradient(loss, kernel)
