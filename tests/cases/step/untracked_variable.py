import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
optimizer = keras.optimizers.SGD(0.1)
# %% a plain variable of a model
class Shifted(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.shift = tf.Variable(0.5, name="shift")  # expect: step/untracked-variable
    def call(self, inputs):
        return self.dense(inputs) + self.shift
net = Shifted()
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% near: a weight of the model
class Tracked(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.shift = self.add_weight(shape=(), initializer="zeros", name="shift")
    def call(self, inputs):
        return self.dense(inputs) + self.shift
net = Tracked()
sgd = keras.optimizers.SGD(0.1)
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    grads = tape.gradient(loss, net.trainable_variables)
    sgd.apply_gradients(zip(grads, net.trainable_variables))
