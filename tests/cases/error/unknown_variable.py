import tensorflow as tf
a = tf.Variable(2.0, name="a")
b = tf.Variable(1.0, name="b")
one = tf.constant(1.0)
# %% another variable
# raises: ValueError
optimizer = tf.keras.optimizers.Adam(0.1)
optimizer.apply_gradients([(one, a)])
optimizer.apply_gradients([(one, b)])  # expect: error/unknown-variable
# %% near: built for both
optimizer = tf.keras.optimizers.Adam(0.1)
optimizer.build([a, b])
optimizer.apply_gradients([(one, a)])
optimizer.apply_gradients([(one, b)])
# %% setup
import tensorflow as tf
class Mover:
    def __init__(self, start, optimizer=tf.keras.optimizers.Adam(0.1)):  # also: error/unknown-variable
        self.at, self.optimizer = tf.Variable(start), optimizer
    def move(self):
        with tf.GradientTape() as tape:
            loss = self.at ** 2
        self.optimizer.apply_gradients([(tape.gradient(loss, self.at), self.at)])  # expect: error/unknown-variable
# %% a default that two objects share
# raises: ValueError
a, b = Mover(1.0), Mover(2.0)
a.move()
b.move()
# %% near: one object alone
a = Mover(1.0)
a.move()
a.move()
# %% near: each with its own
a, b = Mover(1.0, tf.keras.optimizers.Adam(0.1)), Mover(2.0, optimizer=tf.keras.optimizers.SGD(0.1))
a.move()
b.move()
