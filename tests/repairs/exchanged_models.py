# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
x = np.random.normal(size=(48, 5)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")
def network(*units):
    return keras.Sequential([keras.Input((5,)), *[keras.layers.Dense(u, activation="relu") for u in units], keras.layers.Dense(2)])
expert, pupil = network(16, 8), network(4)
big, small = network(16, 8), network(4)
class Lessons(keras.Model):
    def __init__(self, pupil, expert):
        super().__init__()
        self.pupil, self.expert = pupil, expert
    def train_step(self, data):
        wise = self.expert(data[0], training=False)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((wise - self.pupil(data[0], training=True)) ** 2)
        weights = self.pupil.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}
def teach(pupil, expert, batch, optimizer):
    wise = expert(batch, training=False)
    with tf.GradientTape() as tape:
        mine = pupil(batch, training=True)
        loss = tf.reduce_mean((wise - mine) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, pupil.trainable_variables), pupil.trainable_variables))
def exchanged(batch, optimizer):
    wise = pupil(batch, training=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((wise - expert(batch, training=True)) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, expert.trainable_variables), expert.trainable_variables))
# %% exchanged in the call
# fix: step/trained-another-object
# becomes: lessons = Lessons(pupil, expert)  # by place
lessons = Lessons(expert, pupil)  # by place
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(np.mean(np.argmax(pupil(x), axis=1) == y))
# %% in keywords
# fix: step/trained-another-object
# becomes: lessons = Lessons(pupil=pupil, expert=expert)
lessons = Lessons(pupil=expert, expert=pupil)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(np.mean(np.argmax(pupil(x), axis=1) == y))
# %% in a loop over a function
# fix: step/trained-another-object
# becomes: teach(pupil, expert, x, sgd)
sgd = keras.optimizers.SGD(0.01)
for _ in range(3):
    teach(expert, pupil, x, sgd)
print(np.mean(np.argmax(pupil(x), axis=1) == y))
# %% by names of another kind
# fix: step/trained-another-object
# becomes: lessons = Lessons(small, big)
print(np.mean(np.argmax(small(x), axis=1) == y))
lessons = Lessons(big, small)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(np.mean(np.argmax(small(x), axis=1) == y))
# %% in the lines that train
# fix: step/trained-another-object
# becomes: wise = expert(batch, training=False)
# becomes: loss = tf.reduce_mean((wise - pupil(batch, training=True)) ** 2)
# becomes: optimizer.apply_gradients(zip(tape.gradient(loss, pupil.trainable_variables), pupil.trainable_variables))
print(np.mean(np.argmax(pupil(x), axis=1) == y))
sgd = keras.optimizers.SGD(0.01)
for _ in range(3):
    exchanged(x, sgd)
print(np.mean(np.argmax(pupil(x), axis=1) == y))
# %% in the constructor
# fix: step/trained-another-object
# becomes: self.expert = expert  # predicts
# becomes: self.pupil = pupil  # learns
class Tutor(Lessons):
    def __init__(self, pupil, expert):
        keras.Model.__init__(self)
        self.expert = pupil  # predicts
        self.pupil = expert  # learns
lessons = Tutor(pupil, expert)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(np.mean(np.argmax(pupil(x), axis=1) == y))
