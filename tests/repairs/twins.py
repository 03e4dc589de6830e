# %% setup
import keras
import tensorflow as tf
from keras import layers
def tower(name):
    return keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(4)], name=name)
class TwoTower(keras.Model):
    def __init__(self):
        super().__init__()
        self.user_tower = tower("user")
        self.item_tower = tower("item")
        self.user_tower.build((None, 6))
        self.item_tower.build((None, 6))
    def call(self, inputs):
        users, items = inputs[:, 0], inputs[:, 1]
        v = self.user_tower(items)  # of the items
        u = self.user_tower(users)
        return tf.reduce_sum(u * v, axis=-1, keepdims=True)
class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(6, activation="tanh"), layers.Dense(6, activation="tanh")
    def build(self, shape):
        self.first.build((None, 6))
        self.second.build((None, 6))
    def call(self, x):
        h = self.first(x)
        h = self.first(h)
        return h + x
class Siamese(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = tower("shared"), layers.Dense(1)
        self.encoder.build((None, 6))
        self.head.build((None, 4))
    def call(self, inputs):
        return tf.abs(self.encoder(inputs[:, 0]) - self.encoder(inputs[:, 1]))
pairs, clicked = tf.random.normal((24, 2, 6), seed=1), tf.random.uniform((24, 1), seed=2)
model, siamese, block = TwoTower(), Siamese(), Block()
left, right = tower("left"), tower("right")
block.build((None, 6))
left.build((None, 6))
right.build((None, 6))
# %% a tower that is never called
# fix: none/unused-variable
# becomes: v = self.item_tower(items)  # of the items
model.compile("sgd", "mse")
history = model.fit(pairs, clicked, verbose=0)
# %% a layer that is called twice
# fix: none/unused-variable
# becomes: h = self.second(h)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(block(pairs[:, 0]) - 1.0))
grads = tape.gradient(loss, block.trainable_variables)
# %% networks by their names
# fix: none/unused-variable
# becomes: b = right(pairs[:, 1])
with tf.GradientTape() as tape:
    a = left(pairs[:, 0])
    b = left(pairs[:, 1])
    loss = tf.reduce_mean(tf.square(a - b))
grads = tape.gradient(loss, left.trainable_variables + right.trainable_variables)
# %% near: one encoder for both, and a head of another kind
# none: none/unused-variable
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(siamese(pairs))
grads = tape.gradient(loss, siamese.trainable_variables)
