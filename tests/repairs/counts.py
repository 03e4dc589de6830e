# %% setup
import keras
import numpy as np
import tensorflow as tf
x, y = np.random.default_rng(1).normal(size=(40, 5)).astype("float32"), np.ones((40, 1), "float32")
def make():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
class Average(keras.callbacks.Callback):
    def __init__(self, start):
        super().__init__()
        self.start, self.count = start, 0
    def on_train_begin(self, logs=None):
        self.total = [np.zeros_like(w) for w in self.model.get_weights()]
    def on_epoch_end(self, epoch, logs=None):
        if epoch >= self.start:
            self.total = [t + w for t, w in zip(self.total, self.model.get_weights())]
            self.count += 1
    def on_train_end(self, logs=None):
        with np.errstate(invalid="ignore"):
            # the mean
            self.model.set_weights([t / np.float32(self.count) for t in self.total])  # of all
model, other = make(), make()
model.compile("sgd", "mse")
history = model.fit(x, y, epochs=2, verbose=0, callbacks=[Average(10)])
w = tf.Variable([1.0, 2.0])
other.layers[0].kernel.assign(tf.math.log(-tf.ones((5, 3))))
# %% an average of no weights
# untried: nonfinite/bad-variable-value
# becomes: if self.count:
# becomes: self.model.set_weights([t / np.float32(self.count) for t in self.total])  # of all
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# %% an average of no values
# fix: nonfinite/bad-variable-value
# becomes: if seen:
# becomes: w.assign(total / seen)
seen, total = 0, tf.zeros(2)
for value in (0.1, 0.2):
    if value > 0.5:
        total += value
        seen += 1
w.assign(total / seen)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w ** 2)
grad = tape.gradient(loss, w)
# %% near: one weight that is not a number by something else
# none: nonfinite/bad-variable-value
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((other(x) - y) ** 2)
grads = tape.gradient(loss, other.trainable_variables)
