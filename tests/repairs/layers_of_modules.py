# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(31)
inputs = tf.random.normal((12, 3))
class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(4, activation="tanh")
        self.last = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
        self.factor = tf.Variable(0.5, name="factor")
    def __call__(self, x):
        return self.factor * self.last(self.inner(x))
class Tower(tf.Module):
    def __init__(self, depth):
        super().__init__()
        self.offset = tf.Variable(tf.zeros((4,)), name="offset")
        self.floors = [keras.layers.Dense(4, activation="relu") for _ in range(depth)]
        self.doors = {"left": keras.layers.Dense(1), "right": keras.layers.Dense(1)}
    def __call__(self, x):
        for floor in self.floors:
            x = floor(x) + self.offset
        return self.doors["left"](x) - self.doors["right"](x)
    def step(self, x, sgd):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x) - 1.0) ** 2)
        sgd.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        return loss
scaled, tower = Scaled(), Tower(2)
scaled(inputs), tower(inputs)
# %% the list under a name
# fix: step/untracked-variable
# becomes: weights = [*scaled.trainable_variables, *scaled.inner.trainable_variables, *scaled.last.trainable_variables]  # all of them
sgd = keras.optimizers.SGD(0.1)
weights = list(scaled.trainable_variables)  # all of them
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(scaled(inputs) ** 2)
    grads = tape.gradient(loss, weights)
    sgd.apply_gradients(zip(grads, weights))
# %% lists and dicts of layers, in a method
# fix: step/untracked-variable
# becomes: sgd.apply_gradients(zip(tape.gradient(loss, [*self.trainable_variables, *[v for layer in self.floors for v in layer.trainable_variables], *[v for layer in self.doors.values() for v in layer.trainable_variables]]), [*self.trainable_variables, *[v for layer in self.floors for v in layer.trainable_variables], *[v for layer in self.doors.values() for v in layer.trainable_variables]]))
sgd = keras.optimizers.SGD(0.01)
for _ in range(2):
    tower.step(inputs, sgd)
# %% the list in both calls
# fix: step/untracked-variable
# becomes: slopes = tape.gradient(loss, [*scaled.trainable_variables, *scaled.inner.trainable_variables, *scaled.last.trainable_variables])
# becomes: adam.apply_gradients(zip(slopes, [*scaled.trainable_variables, *scaled.inner.trainable_variables, *scaled.last.trainable_variables]))
adam = keras.optimizers.Adam()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.abs(scaled(inputs)))
slopes = tape.gradient(loss, scaled.trainable_variables)
adam.apply_gradients(zip(slopes, scaled.trainable_variables))
# %% a layer that came from elsewhere
# none: step/untracked-variable
class Borrowed(tf.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.gain = tf.Variable(1.0, name="gain")
    def __call__(self, x):
        return self.gain * self.layer(x)
borrowed = Borrowed(keras.layers.Dense(1))
sgd = keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(borrowed(inputs) ** 2)
grads = tape.gradient(loss, borrowed.trainable_variables)
sgd.apply_gradients(zip(grads, borrowed.trainable_variables))
