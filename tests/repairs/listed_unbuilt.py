# %% setup
import keras
import tensorflow as tf
from keras import layers
keras.utils.set_random_seed(8)
clips, labels = tf.random.normal((6, 5, 3)), tf.random.uniform((6,), 0, 2, tf.int32)
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
trunk = keras.Sequential([keras.Input((5, 3)), layers.Flatten(), layers.Dense(4)])
class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.trunk = trunk
        self.bottleneck = layers.Dense(4, activation="tanh")
        self.tags = layers.Dense(2)
    def call(self, x):
        return self.tags(self.bottleneck(self.trunk(x)))
class Trainer:
    def __init__(self, tagger):
        self.tagger = tagger
        self.old = tagger.trunk.trainable_variables
        self.new = [*tagger.bottleneck.trainable_variables, *tagger.tags.trainable_variables]  # from scratch
        self.fine, self.coarse = keras.optimizers.SGD(1e-3), keras.optimizers.SGD(0.1)
    def batch(self, x, y):
        with tf.GradientTape(persistent=True) as tape:
            loss = cross_entropy(y, self.tagger(x))
        self.fine.apply_gradients(zip(tape.gradient(loss, self.old), self.old))
        self.coarse.apply_gradients(zip(tape.gradient(loss, self.new), self.new))
class Planned(Trainer):
    def __init__(self, tagger):
        super().__init__(tagger)
        self.head = tagger.tags.trainable_variables
        self.plan = plan_of(self.head)
    def batch(self, x, y):
        with tf.GradientTape() as tape:
            loss = cross_entropy(y, self.tagger(x))
        self.coarse.apply_gradients(zip(tape.gradient(loss, self.head), self.head))
def plan_of(variables):
    return [0.1 for _ in variables]
memory, answer = layers.GRU(4), layers.Dense(2)
optimizer = keras.optimizers.SGD(0.1)
# %% an attribute becomes a property
# fix: error/no-loss
# becomes: def new(self):
# becomes: return [*self.tagger.bottleneck.trainable_variables, *self.tagger.tags.trainable_variables]
# gone: self.new = [*tagger.bottleneck.trainable_variables, *tagger.tags.trainable_variables]  # from scratch
trainer = Trainer(Tagger())
for turn in range(2):
    trainer.batch(clips, labels)
# %% a name in a loop
# fix: error/no-loss
# becomes: learned = memory.trainable_variables + answer.trainable_variables  # both
learned = memory.trainable_variables + answer.trainable_variables  # both
for turn in range(2):
    with tf.GradientTape() as tape:
        loss = cross_entropy(labels, answer(memory(clips)))
    grads = tape.gradient(loss, learned)
    optimizer.apply_gradients(zip(grads, learned))
# %% a name that a function reads
# fix: error/no-loss
# becomes: learned = list(answer.trainable_variables)
learned = list(answer.trainable_variables)
def one_step(x, y):
    with tf.GradientTape() as tape:
        loss = cross_entropy(y, answer(trunk(x)))
    grads = tape.gradient(loss, learned)
    optimizer.apply_gradients(zip(grads, learned))
one_step(clips, labels)
# %% near: layers that are frozen
# none: error/no-loss
answer.trainable = False
learned = memory.trainable_variables[:0] + answer.trainable_variables
with tf.GradientTape() as tape:
    loss = cross_entropy(labels, answer(trunk(clips)))
grads = tape.gradient(loss, learned)
optimizer.apply_gradients(zip(grads, learned))
# %% near: layers that have nothing to train
# none: error/no-loss
drop = layers.Dropout(0.5)
learned = drop.trainable_variables + drop.trainable_variables
with tf.GradientTape() as tape:
    loss = cross_entropy(labels, answer(drop(trunk(clips))))
grads = tape.gradient(loss, learned)
optimizer.apply_gradients(zip(grads, learned))
# %% near: something else is made of the list
# none: error/no-loss
planned = Planned(Tagger())
planned.batch(clips, labels)
# %% near: the function reads the name before
# none: error/no-loss
learned = answer.trainable_variables + memory.trainable_variables
def counted_step(x, y):
    print(len(learned))
    with tf.GradientTape() as tape:
        loss = cross_entropy(y, answer(memory(x)))
    grads = tape.gradient(loss, learned)
    optimizer.apply_gradients(zip(grads, learned))
counted_step(clips, labels)
# %% near: the gradients were cut off too late, and the list has its variables
# none: error/no-loss
answer(trunk(clips))
learned = answer.trainable_variables
with tf.GradientTape() as tape:
    loss = cross_entropy(labels, answer(trunk(clips)))
grads = tape.gradient(loss, trunk.trainable_variables + learned)
optimizer.apply_gradients(zip(grads[4:], learned))
# %% stepped by hand over the same list
# fix: error/no-loss
# becomes: for weight, slope in zip(plain.trainable_variables, tape.gradient(loss, plain.trainable_variables)):
plain = keras.Sequential([keras.layers.Dense(1)])
every = plain.trainable_variables
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(plain(tf.ones((2, 3))) ** 2)
    for weight, slope in zip(every, tape.gradient(loss, every)):
        weight.assign_sub(0.1 * slope)
