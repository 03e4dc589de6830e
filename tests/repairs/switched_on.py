# %% setup
import keras
import tensorflow as tf
class Scale(keras.layers.Layer):
    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="gamma")
    def call(self, x, training=None):
        if training:
            x = x * self.gamma
        return x
class Deep(keras.Model):
    def __init__(self):
        super().__init__()
        self.body, self.head, self.side = keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1), keras.layers.Dense(1)
    def call(self, x, training=False):
        h = self.body(x)
        if not training:
            return self.head(h)
        return self.head(h) + self.side(h)
class Trainer:
    def __init__(self, model):
        self.model = model
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.model(x) - y) ** 2)
        return tape.gradient(loss, self.model.trainable_variables)
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), Scale(name="scale"), keras.layers.Dense(1)])
deep = Deep()
x, y = tf.random.normal((8, 4), seed=1), tf.random.normal((8, 1), seed=2)
deep(x, training=True)
# %% a layer in a Sequential model
# fix: none/branch-not-taken
# becomes: loss = tf.reduce_mean((net(x, training=True) - y) ** 2)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
# %% a model with a part for training
# fix: none/branch-not-taken
# becomes: outputs = deep(x, training=True)
with tf.GradientTape() as tape:
    outputs = deep(x, training=False)
    loss = tf.reduce_mean((outputs - y) ** 2)
grads = tape.gradient(loss, deep.trainable_variables)
# %% in the method of a class
# fix: none/branch-not-taken
# becomes: loss = tf.reduce_mean((self.model(x, training=True) - y) ** 2)
grads = Trainer(net).step(x, y)
# %% near: a setting decides
# none: none/branch-not-taken
thorough = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((deep(x, training=thorough) - y) ** 2)
grads = tape.gradient(loss, deep.trainable_variables)
