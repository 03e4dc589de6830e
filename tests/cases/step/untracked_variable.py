import tensorflow as tf
import keras
keras.utils.set_random_seed(1)
x, y = tf.random.normal((8, 4)), tf.random.normal((8, 1))
sgd = keras.optimizers.SGD(0.1)
# %% a plain variable on a Keras model
class Shifted(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.shift = tf.Variable(0.5, name="shift")  # expect: step/untracked-variable
    def call(self, inputs):
        return self.dense(inputs) + self.shift  # also: step/untracked-variable
net = Shifted()
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)  # also: step/untracked-variable
    sgd.apply_gradients(zip(grads, net.trainable_variables))
# %% near: made by add_weight
class Shifted(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.shift = self.add_weight(shape=(), initializer="zeros", name="shift")
    def call(self, inputs):
        return self.dense(inputs) + self.shift
net = Shifted()
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    sgd.apply_gradients(zip(grads, net.trainable_variables))
