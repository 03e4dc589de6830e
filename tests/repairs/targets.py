# %% setup
import keras
import numpy as np
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.uniform((16,), maxval=3, dtype=tf.int32)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
accuracy = keras.metrics.SparseCategoricalAccuracy()
w = tf.Variable(1.0)
def tripled():
    return w * 3.0
def rmse(a, b):
    return np.sqrt(np.mean((a - b) ** 2))
def step(pred, labels):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((pred - labels) ** 2)
    return tape.gradient(loss, model.trainable_variables)
class Bent(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
    def call(self, inputs):
        return tf.tanh(self.dense(inputs))
bent, image = Bent(), np.ones((1, 4), "float32")
bent.build((None, 4))
# %% an accuracy as the loss
# fix: none/state-assignment
# becomes: loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, model(x)))
with tf.GradientTape() as tape:
    loss = 1.0 - accuracy(y, model(x))
grads = tape.gradient(loss, model.trainable_variables)
# %% a NumPy function that gets a NumPy value
# fix: error/target-not-recorded
# becomes: loss = rmse(1.0, model(x))
# becomes: return tf.sqrt(tf.reduce_mean((a - b) ** 2))
with tf.GradientTape() as tape:
    loss = rmse(1.0, model(x).numpy())
grads = tape.gradient(loss, model.trainable_variables)
# %% an array as the source
# fix: error/source-not-tensor
# becomes: image = tf.convert_to_tensor(image)
# becomes: tape.watch(image)
with tf.GradientTape() as tape:
    loss = model(image)[:, 0]
grad = tape.gradient(loss, image)
# %% a choice between ones and zeros
# fix: none/non-differentiable-op
# becomes: chosen = p
with tf.GradientTape() as tape:
    p = model(x)
    chosen = tf.where(tf.greater(p, 0.5), tf.ones_like(p), tf.zeros_like(p))
    loss = tf.reduce_mean((chosen - 0.2) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# %% a function called before the tape
# fix: none/outside-tape
# gone: pass
# becomes: target = tripled()
target = tripled()
with tf.GradientTape() as tape:
    other = w * 2.0
grad = tape.gradient(target, w)
# %% a model called before the tape
# fix: none/outside-tape
# becomes: pred = bent(x)
pred = bent(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((pred - 1.0) ** 2)
grads = tape.gradient(loss, bent.trainable_variables)
# %% a result that is handed to the function with the tape
# fix: none/outside-tape
# becomes: pred = model(pred)
# becomes: grads = step(x, tf.one_hot(y, 3))
grads = step(model(x), tf.one_hot(y, 3))
