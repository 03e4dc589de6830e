import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
flag = tf.constant(False)
# %% cond
with tf.GradientTape() as tape:
    loss = tf.cond(flag, lambda: w * b, lambda: w * w)  # expect: none/branch-not-taken
grads = tape.gradient(loss, [w, b])
# %% loop of no turns
with tf.GradientTape() as tape:
    loss = w * 1.0
    for _ in range(0):  # expect: none/branch-not-taken
        loss = loss + b
grads = tape.gradient(loss, [w, b])
# %% near: taken
with tf.GradientTape() as tape:
    loss = w * 1.0
    if not flag:
        loss = loss + b
grads = tape.gradient(loss, [w, b])
# %% setup
import keras
import tensorflow as tf
class Block(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.main, self.shortcut = keras.layers.Dense(units), keras.layers.Dense(units, name="shortcut")
    def build(self, shape):
        self.main.build(shape)
        self.shortcut.build(shape)
    def call(self, x):
        around = x
        if x.shape[-1] != self.units:  # expect: none/branch-not-taken
            around = self.shortcut(x)
        return tf.nn.relu(self.main(x) + around)
x = tf.random.normal((8, 4))
# %% a part of one object, in code that ran for another
model = keras.Sequential([keras.Input((4,)), Block(4, name="same"), Block(6, name="wider")])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(x) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok none none ok ok ok ok
# %% near: both objects take the branch
model = keras.Sequential([keras.Input((4,)), Block(5, name="one"), Block(6, name="two")])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(x) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
