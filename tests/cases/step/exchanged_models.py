import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
x = np.random.normal(size=(48, 5)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")

def network(*units, name):
    return keras.Sequential([keras.Input((5,)), *[keras.layers.Dense(u, activation="relu") for u in units], keras.layers.Dense(2)], name=name)

expert, pupil = network(16, 8, name="expert"), network(4, name="pupil")

class Lessons(keras.Model):
    def __init__(self, pupil, expert):
        super().__init__()
        self.pupil, self.expert = pupil, expert

    def train_step(self, data):
        inputs, labels = data
        wise = self.expert(inputs, training=False)
        with tf.GradientTape() as tape:
            mine = self.pupil(inputs, training=True)
            loss = keras.losses.MeanSquaredError()(wise, mine)
        weights = self.pupil.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}

    def test_step(self, data):
        return {"error": tf.reduce_mean(self.pupil(data[0], training=False) ** 2)}

class Crossed(Lessons):
    def __init__(self, pupil, expert):
        super().__init__(expert, pupil)

class Mixed(keras.Model):
    def __init__(self, pupil, expert):
        super().__init__()
        self.pupil, self.expert = pupil, expert

    def train_step(self, data):
        inputs, labels = data
        with tf.GradientTape() as tape:
            mine = self.expert(inputs, training=True)
            wise = self.pupil(inputs, training=False)
            loss = keras.losses.MeanSquaredError()(wise, mine)
        weights = self.expert.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return {"loss": loss}

def teach(pupil, expert, batch, optimizer):
    wise = expert(batch)
    with tf.GradientTape() as tape:
        mine = pupil(batch, training=True)
        loss = tf.reduce_mean((wise - mine) ** 2)
    optimizer.apply_gradients(zip(tape.gradient(loss, pupil.trainable_variables), pupil.trainable_variables))

def accuracy(model):
    return np.mean(np.argmax(model(x), axis=1) == y)
# %% exchanged in the call
lessons = Lessons(expert, pupil)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(pupil.predict(x, verbose=0).argmax(axis=1) == y)  # expect: step/trained-another-object
# %% exchanged on the way to another class, with validation
lessons = Crossed(pupil, expert)
lessons.compile("sgd")
lessons.fit(x, y, validation_data=(x, y), epochs=2, verbose=0)
print(np.mean(np.argmax(pupil(x), axis=1) == y))  # expect: step/trained-another-object
# %% exchanged as arguments of a function
sgd = keras.optimizers.SGD(0.01)
for _ in range(3):
    teach(expert, pupil, x, sgd)
print(tf.reduce_mean(pupil(x) ** 2))  # expect: step/trained-another-object
# %% evaluated before and after
before = np.mean(np.argmax(pupil(x), axis=1) == y)
mixed = Mixed(pupil, expert)
mixed.compile("sgd")
mixed.fit(x, y, verbose=0)
after = np.mean(np.argmax(pupil(x), axis=1) == y)  # expect: step/trained-another-object
# %% near: distillation
lessons = Lessons(pupil, expert)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(np.mean(np.argmax(pupil(x), axis=1) == y))
# %% near: distillation, and the expert as a measure
print(accuracy(expert), accuracy(pupil))
lessons = Lessons(pupil=pupil, expert=expert)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(accuracy(expert), accuracy(pupil))
# %% near: distillation, and only the expert is looked at
lessons = Lessons(pupil, expert)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(np.mean(np.argmax(expert(x), axis=1) == y))
# %% near: the expert before, both after
print(np.mean(np.argmax(expert(x), axis=1) == y))
sgd = keras.optimizers.SGD(0.01)
for _ in range(3):
    teach(pupil, expert, x, sgd)
print(np.mean(np.argmax(expert(x), axis=1) == y), np.mean(np.argmax(pupil(x), axis=1) == y))
# %% near: the other one learns on purpose
lessons = Lessons(pupil=expert, expert=pupil)
lessons.compile("sgd")
lessons.fit(x, y, verbose=0)
print(accuracy(pupil), np.mean(np.argmax(expert(x), axis=1) == y))
# %% near: two phases with exchanged parts
for first, second in ((pupil, expert), (expert, pupil)):
    teach(first, second, x, keras.optimizers.SGD(0.01))
print(accuracy(pupil))
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
x = tf.random.normal((16, 5))
coder = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, activation="tanh")], name="coder")
head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="head")
maker = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)], name="maker")
judge = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)], name="judge")
online = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)], name="online")
slow = keras.models.clone_model(online)
sgd = keras.optimizers.SGD(0.01)
def probe(batch):
    codes = coder(batch, training=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(head(codes, training=True) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, head.trainable_variables), head.trainable_variables))
def judged(batch):
    fakes = maker(tf.random.normal((16, 4)), training=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(judge(fakes, training=True)) - tf.reduce_mean(judge(batch, training=True))
    sgd.apply_gradients(zip(tape.gradient(loss, judge.trainable_variables), judge.trainable_variables))
def followed(batch):
    aim = slow(batch, training=False)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((online(batch, training=True) - aim - 1.0) ** 2)
    sgd.apply_gradients(zip(tape.gradient(loss, online.trainable_variables), online.trainable_variables))
    for a, b in zip(slow.weights, online.weights):
        a.assign(0.9 * a + 0.1 * b)
# %% near: a frozen coder looked at before and after
first = coder(x)
for _ in range(3):
    probe(x)
print(tf.reduce_max(tf.abs(coder(x) - first)))
# %% near: a judge that learns alone
print(maker(tf.ones((1, 4))))
for _ in range(3):
    judged(x)
print(maker(tf.ones((1, 4))))
# %% near: an average of the weights
print(slow(x))
for _ in range(3):
    followed(x)
print(slow(x))
