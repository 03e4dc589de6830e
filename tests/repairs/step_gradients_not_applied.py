# %% setup
import keras
import tensorflow as tf
params = {"w": tf.Variable(tf.ones((4, 1))), "b": tf.Variable(tf.zeros(1))}
x = tf.random.normal((32, 4), seed=1)
y = tf.reduce_sum(x, axis=1, keepdims=True) + 1.0
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
# %% the name of a loop over variables
# fix: step/gradients-not-applied
# becomes: var.assign_sub(0.05 * grads[name])  # a step
for i in range(4):
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean((x @ params["w"] + params["b"] - y) ** 2)
    grads = tape.gradient(cost, params)
    for name, var in params.items():
        var = var - 0.05 * grads[name]  # a step
# %% copies of the weights
# fix: step/gradients-not-applied
# becomes: for w, g in zip(model.trainable_variables, grads):
# becomes: w.assign_sub(0.05 * g.numpy())
for i in range(4):
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(cost, model.trainable_variables)
    for w, g in zip(model.get_weights(), grads):
        w -= 0.05 * g.numpy()
# %% setup
import keras
import numpy as np
import tensorflow as tf
x = np.random.default_rng(3).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
class Accumulating(keras.Model):
    def __init__(self, every, **kwargs):
        super().__init__(**kwargs)
        self.every, self.seen = every, 0
        self.sums = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in self.trainable_variables]
    def add(self, data):
        inputs, labels = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs) - labels))
        for total, g in zip(self.sums, tape.gradient(loss, self.trainable_variables)):
            total.assign_add(g)
        return loss
    def give(self):
        self.optimizer.apply_gradients(zip(self.sums, self.trainable_variables))
        for total in self.sums:
            total.assign(tf.zeros_like(total))
class InAMethod(Accumulating):
    def train_step(self, data):
        self.seen += 1  # batches
        loss = self.add(data)
        with tf.GradientTape() as tape:
            again = tf.reduce_mean(tf.square(self(data[0]) - data[1]))
        grads = tape.gradient(again, self.trainable_variables)
        # every so often
        if self.seen % self.every == 0:
            self.give()
        return {"loss": loss}
class BegunAnew(Accumulating):
    def train_step(self, data):
        inputs, labels = data
        self.seen += 1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs) - labels))
        for total, g in zip(self.sums, tape.gradient(loss, self.trainable_variables)):
            total.assign_add(g)
        if self.seen == self.every:
            self.optimizer.apply_gradients(zip(self.sums, self.trainable_variables))
            self.seen = 0
        return {"loss": loss}
class Returning(Accumulating):
    def train_step(self, data):
        inputs, labels = data
        self.seen += 1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs) - labels))
        for total, g in zip(self.sums, tape.gradient(loss, self.trainable_variables)):
            total.assign_add(g)
        if self.seen == self.every:
            self.optimizer.apply_gradients(zip(self.sums, self.trainable_variables))
            return {"loss": loss}
        return {"loss": loss}
def made(kind):
    inputs = keras.Input((4,))
    model = kind(2, inputs=inputs, outputs=keras.layers.Dense(1)(inputs))
    model.compile("sgd")
    return model
# %% a condition on a number that is counted in Python, over a method
# fix: step/gradients-not-applied
# becomes: self.every, self.seen = every, tf.Variable(0, trainable=False)
# becomes: self.seen.assign_add(1)  # batches
# becomes: tf.cond(self.seen % self.every == 0, self.give, lambda: None)
# gone: if self.seen % self.every == 0:
history = made(InAMethod).fit(x, y, batch_size=4, verbose=0)
# %% a condition on a number that begins anew
# fix: step/gradients-not-applied
# becomes: self.every, self.seen = every, tf.Variable(0, trainable=False)
# becomes: def apply_now():
# becomes: self.seen.assign(0)
# becomes: tf.cond(self.seen == self.every, apply_now, lambda: None)
history = made(BegunAnew).fit(x, y, batch_size=4, verbose=0)
# %% near: a branch that returns
# none: step/gradients-not-applied
history = made(Returning).fit(x, y, batch_size=4, verbose=0)
# %% in a train_step
# fix: step/gradients-not-applied
# becomes: self.optimizer.apply_gradients(zip(slopes, self.trainable_variables))
import keras
import numpy as np
class Forgetful(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
    def call(self, inputs):
        return self.dense(inputs)
    def train_step(self, data):
        inputs, truth = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(inputs, training=True) - truth) ** 2)
        slopes = tape.gradient(loss, self.trainable_variables)
        return {"loss": loss}
forgetful = Forgetful()
forgetful.compile("sgd")
forgetful.fit(np.ones((16, 2), "float32"), np.ones((16, 1), "float32"), epochs=3, verbose=0)
