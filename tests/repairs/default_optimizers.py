# %% setup
import dataclasses
from dataclasses import dataclass
import keras
import tensorflow as tf
keras.utils.set_random_seed(9)
x, y = tf.random.normal((16, 3), seed=1), tf.random.normal((16, 2), seed=2)
usual = keras.optimizers.SGD(0.05, momentum=0.9)
def network(size):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(size), keras.layers.Dense(2)])
def error_of(net):
    return tf.reduce_mean((net(x) - y) ** 2)
class Surrogate:
    """One network and what it is trained with."""
    def __init__(self, size, rate=0.1, *, mover=keras.optimizers.Adam(0.01, beta_1=0.8)):
        """Nothing is trained yet."""
        self.net = network(size)
        self.mover = mover
    def improve(self, turns=2):
        for turn in range(turns):
            with tf.GradientTape() as tape:
                loss = error_of(self.net)
            self.mover.apply_gradients(zip(tape.gradient(loss, self.net.trainable_variables), self.net.trainable_variables))
def improved(net, turns=2, optimizer=keras.optimizers.Adam(0.01)):
    for turn in range(turns):
        with tf.GradientTape() as tape:
            loss = error_of(net)
        optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    return loss
def compiled(size, by=usual):
    net = network(size)
    net.compile(by, "mse")
    return net
class Learner:
    # for all of them
    adam = keras.optimizers.Adam(0.02)
    def __init__(self, size):
        self.net = network(size)
    def learn(self):
        with tf.GradientTape() as tape:
            loss = error_of(self.net)
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.adam.apply_gradients(zip(grads, self.net.trainable_variables))
class Trained(keras.Model):
    rule = keras.optimizers.RMSprop(0.001)
    def __init__(self, size):
        super().__init__()
        self.inner = network(size)
    def call(self, inputs):
        return self.inner(inputs)
    def learn(self):
        with tf.GradientTape() as tape:
            loss = error_of(self)
        self.rule.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
@dataclass
class Job:
    net: keras.Model
    turns: int = 2
    optimizer: keras.optimizers.Optimizer = keras.optimizers.Adam(0.1)
    def run(self):
        for turn in range(self.turns):
            with tf.GradientTape() as tape:
                loss = error_of(self.net)
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.net.trainable_variables), self.net.trainable_variables))
def one_step(net, optimizer=keras.optimizers.Adam(0.01)):
    with tf.GradientTape() as tape:
        loss = error_of(net)
    optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
# %% a keyword of a class
# fix: error/unknown-variable
# becomes: def __init__(self, size, rate=0.1, *, mover=None):
# becomes: if mover is None:
# becomes: mover = keras.optimizers.Adam(0.01, beta_1=0.8)
for size in (4, 5):
    surrogate = Surrogate(size)
    surrogate.improve()
# %% a function that trains
# fix: error/unknown-variable
# becomes: def improved(net, turns=2, optimizer=None):
# becomes: if optimizer is None:
# becomes: optimizer = keras.optimizers.Adam(0.01)
first, second = network(3), network(4)
improved(first)
improved(second, turns=1)
# %% a function that compiles
# fix: error/unknown-variable
# becomes: def compiled(size, by=None):
# becomes: by = keras.optimizers.SGD(0.05, momentum=0.9)
small, large = compiled(2), compiled(6)
small.fit(x, y, verbose=0)
large.fit(x, y, verbose=0)
# %% an attribute of the class
# fix: error/unknown-variable
# becomes: self.adam = keras.optimizers.Adam(0.02)
# becomes: # for all of them
# gone: adam = keras.optimizers.Adam(0.02)
learners = [Learner(n) for n in (2, 3)]
for learner in learners:
    learner.learn()
# %% an attribute of a model's class
# fix: error/unknown-variable
# becomes: self.rule = keras.optimizers.RMSprop(0.001)
# gone: rule = keras.optimizers.RMSprop(0.001)
one, other = Trained(2), Trained(3)
one.learn()
other.learn()
# %% a field of a dataclass
# fix: error/unknown-variable
# becomes: optimizer: keras.optimizers.Optimizer = dataclasses.field(default_factory=lambda: keras.optimizers.Adam(0.1))
Job(network(2)).run()
Job(network(3)).run()
# %% near: each is given its own
# none: error/unknown-variable
surrogate = Surrogate(3, mover=keras.optimizers.SGD(0.1))
surrogate.improve()
surrogate.net = network(5)
surrogate.improve()
# %% near: a step that is called turn after turn
# none: error/unknown-variable
for net in (network(3), network(4)):
    for turn in range(3):
        one_step(net)
# %% handed to one object after the other
# fix: error/unknown-variable
# becomes: first = Surrogate(3, mover=usual)
# becomes: second = Surrogate(4, mover=keras.optimizers.SGD(0.05, momentum=0.9))
first = Surrogate(3, mover=usual)
second = Surrogate(4, mover=usual)
first.improve()
second.improve()
# %% handed to the objects of a list
# fix: error/unknown-variable
# becomes: those = [Surrogate(n, 0.2, mover=keras.optimizers.Nadam(0.01)) for n in (2, 3, 4)]
nadam = keras.optimizers.Nadam(0.01)
those = [Surrogate(n, 0.2, mover=nadam) for n in (2, 3, 4)]
for each in those:
    each.improve()
# %% near: fields that are given it
# none: error/unknown-variable
nadam = keras.optimizers.Nadam(0.01)
jobs = [Job(network(n), 1, nadam) for n in (2, 3, 4)]
for job in jobs:
    job.run()
