import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
# %% a rate that was changed
rate = 0.1
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    w.assign_sub(rate * tape.gradient(loss, w))  # expect: step/stale-capture
step()
rate = 0.01
step()
# %% a setting of an object
class Trainer:
    def __init__(self):
        self.rate = 0.1
    @tf.function
    def step(self):
        with tf.GradientTape() as tape:
            loss = loss_of(w)
        w.assign_sub(self.rate * tape.gradient(loss, w))  # expect: step/stale-capture
trainer = Trainer()
for _ in range(3):
    trainer.step()
    trainer.rate = trainer.rate / 2
# %% near: a variable
rate = tf.Variable(0.1)
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    w.assign_sub(rate * tape.gradient(loss, w))
step()
rate.assign(0.01)
step()
# %% another optimizer
v = tf.Variable([1.0, 2.0], name="v")
opt = tf.keras.optimizers.SGD(0.1)
@tf.function
def train():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)
    opt.apply_gradients([(tape.gradient(loss, v), v)])  # expect: step/stale-capture
train()
opt = tf.keras.optimizers.SGD(0.01)
train()
# %% near: another object for a function that is made anew
for rate in (0.1, 0.01):
    v = tf.Variable([1.0, 2.0], name="v")
    opt = tf.keras.optimizers.SGD(rate)
    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(v * v)
        opt.apply_gradients([(tape.gradient(loss, v), v)])
    train()
    train()
# %% near: a model that is built by the first trace
class Late(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.extra = tf.keras.layers.Dense(2), None
    def call(self, inputs):
        if self.extra is None:
            self.extra = tf.keras.layers.Dense(1)
        return self.extra(self.dense(inputs))
late = Late()
@tf.function
def train(inputs):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(late(inputs) - 1.0))
    grads = tape.gradient(loss, late.trainable_variables)
    return loss, grads
for _ in range(3):
    train(tf.ones((3, 4)))
# %% setup
import tensorflow as tf
v = tf.Variable([1.0, 2.0], name="v")
rate = 0.1

@tf.function
def train():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(v * v)
    v.assign_sub(rate * tape.gradient(loss, v))  # expect: step/stale-capture
train()
# %% traced in an earlier cell
rate = 0.5
train()
