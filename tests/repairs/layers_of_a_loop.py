# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
class Shift(keras.layers.Layer):
    def build(self, shape):
        self.scale, self.by = self.add_weight(shape=(shape[-1],), name="scale"), self.add_weight(shape=(shape[-1],), name="by")
    def call(self, x):
        return x * tf.exp(self.scale) + self.by, tf.reduce_sum(self.scale)
class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(3)
    def call(self, x):
        return tf.nn.gelu(self.inner(x))
class Tower(keras.Model):
    def __init__(self):
        super().__init__()
        self.steps = [Block() for _ in range(3)]
        self.head = keras.layers.Dense(1)
    def call(self, x):
        for step in self.steps:
            h = step(x)
        return self.head(h)
data = tf.random.normal((8, 3))
shifts = [Shift() for _ in range(3)]
[shift(data) for shift in shifts]
tower = Tower()
# %% a flow whose layers all get the data
# fix: none/discarded-result
# becomes: z, part = shift(z)
with tf.GradientTape() as tape:
    z, total = data, 0.0
    for shift in shifts:
        z, part = shift(data)
        total += part
    loss = tf.reduce_mean(tf.square(z)) - total
grads = tape.gradient(loss, [v for shift in shifts for v in shift.trainable_variables])
# %% blocks of a model
# fix: none/discarded-result
# becomes: h = x
# becomes: h = step(h)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(tower(data)))
grads = tape.gradient(loss, tower.trainable_variables)
