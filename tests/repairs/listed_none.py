# %% setup
import keras
import tensorflow as tf
x = tf.random.normal((24, 3), seed=3)
y = tf.cast(tf.reduce_sum(x, axis=1) > 0.0, tf.float32)
slope, shift = tf.Variable(tf.ones((3,)), name="slope"), tf.Variable(0.1, name="shift")
optimizer = keras.optimizers.SGD(0.05)
class Bernoulli(tf.Module):
    def __init__(self, logits):
        super().__init__()
        self.logits = logits
    def negative(self, seen):
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(seen, self.logits))
class Regression:
    def __init__(self):
        self.slope, self.shift = tf.Variable(tf.ones((3,))), tf.Variable(0.1)
    def fit(self, turns=3):
        for _ in range(turns):
            with tf.GradientTape() as tape:
                chance = Bernoulli(tf.linalg.matvec(x, self.slope) + self.shift)
                error = chance.negative(y)
            wanted = chance.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(error, wanted), wanted))
members = [tf.Variable(tf.ones((3,))), tf.Variable(0.1)]
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
def one_step(weight, bias):
    with tf.GradientTape() as tape:
        chance = Bernoulli(tf.linalg.matvec(x, weight) + bias)
        error = chance.negative(y)
    grads = tape.gradient(error, chance.trainable_variables)
    optimizer.apply_gradients(zip(grads, chance.trainable_variables))
# %% a distribution that holds a tensor
# fix: error/no-loss
# becomes: grads = tape.gradient(error, [slope, shift])
# becomes: optimizer.apply_gradients(zip(grads, [slope, shift]))
for turn in range(3):
    with tf.GradientTape() as tape:
        chance = Bernoulli(tf.linalg.matvec(x, slope) + shift)
        error = chance.negative(y)
    grads = tape.gradient(error, chance.trainable_variables)
    optimizer.apply_gradients(zip(grads, chance.trainable_variables))
# %% the variables of an object, in its method
# fix: error/no-loss
# becomes: wanted = [self.slope, self.shift]
regression = Regression()
regression.fit()
# %% the parameters of a function
# fix: error/no-loss
# becomes: grads = tape.gradient(error, [weight, bias])
# becomes: optimizer.apply_gradients(zip(grads, [weight, bias]))
for turn in range(3):
    one_step(slope, shift)
# %% a network in front of the distribution
# fix: error/no-loss
# becomes: grads = tape.gradient(error, net.trainable_variables)
# becomes: optimizer.apply_gradients(zip(grads, net.trainable_variables))
for turn in range(3):
    with tf.GradientTape() as tape:
        chance = Bernoulli(net(x)[:, 0])
        error = chance.negative(y)
    grads = tape.gradient(error, chance.trainable_variables)
    optimizer.apply_gradients(zip(grads, chance.trainable_variables))
# %% a network, and a variable beside it
# fix: error/no-loss
# becomes: grads = tape.gradient(error, [*net.trainable_variables, shift])
for turn in range(3):
    with tf.GradientTape() as tape:
        chance = Bernoulli(net(x)[:, 0] + shift)
        error = chance.negative(y)
    grads = tape.gradient(error, chance.trainable_variables)
    optimizer.apply_gradients(zip(grads, chance.trainable_variables))
# %% members of a list
# fix: error/no-loss
# becomes: grads = tape.gradient(error, [members[0], members[1]])
for turn in range(3):
    with tf.GradientTape() as tape:
        chance = Bernoulli(tf.linalg.matvec(x, members[0]) + members[1])
        error = chance.negative(y)
    grads = tape.gradient(error, chance.trainable_variables)
    optimizer.apply_gradients(zip(grads, chance.trainable_variables))
# %% near: a network that is frozen
# none: error/no-loss
net.trainable = False
for turn in range(3):
    with tf.GradientTape() as tape:
        chance = Bernoulli(net(x)[:, 0])
        error = chance.negative(y)
    grads = tape.gradient(error, chance.trainable_variables)
    optimizer.apply_gradients(zip(grads, chance.trainable_variables))
# %% near: nothing that is trainable leads to the loss
# none: error/no-loss
for turn in range(3):
    with tf.GradientTape() as tape:
        chance = Bernoulli(tf.linalg.matvec(x, tf.stop_gradient(slope)))
        error = chance.negative(y)
    grads = tape.gradient(error, chance.trainable_variables)
    optimizer.apply_gradients(zip(grads, chance.trainable_variables))
# %% near: a variable that has no name here
# none: error/no-loss
def inner():
    weight = tf.Variable(tf.ones((3,)))
    with tf.GradientTape() as tape:
        chance = Bernoulli(tf.linalg.matvec(x, weight))
        error = chance.negative(y)
    return tape, error, chance
tape, error, chance = inner()
grads = tape.gradient(error, chance.trainable_variables)
optimizer.apply_gradients(zip(grads, chance.trainable_variables))
