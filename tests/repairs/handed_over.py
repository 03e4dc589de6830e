# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(8)
rows, marks = np.random.normal(size=(12, 5)).astype("float32"), np.random.randint(0, 3, 12)
batches = tf.data.Dataset.from_tensor_slices((rows, marks)).batch(6)
body, head = keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(3)
net = keras.Sequential([keras.Input((5,)), body, head])
entropy, opt = keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.optimizers.SGD(0.1)
seen = keras.metrics.SparseCategoricalAccuracy()
def update(scores, wanted):
    # one step
    with tf.GradientTape() as tape:
        loss = entropy(wanted, scores)
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
    return loss
# %% the line before, in a function
# fix: none/outside-tape
# becomes: def update(batch, wanted):
# becomes: scores = net(batch, training=True)
# becomes: last = update(batch, answers)
# gone: out = net(batch, training=True)
def run(turns):
    for _ in range(turns):
        for batch, answers in batches:
            out = net(batch, training=True)
            last = update(out, answers)
    return last
run(2)
# %% two lines before, at the top of a cell
# fix: none/outside-tape
# becomes: def update(batch, wanted):
# becomes: inner = body(batch)
# becomes: scores = head(inner)
# becomes: loss = update(batch, answers)
for batch, answers in batches:
    inner = body(batch)
    out = head(inner)
    loss = update(out, answers)
# %% by keyword, and with the targets in the forward pass
# fix: none/outside-tape
# becomes: def update(batch, wanted):
# becomes: scores = net(batch) + 0.1 * tf.one_hot(wanted, 3)
# becomes: update(wanted=answers, batch=batch)
def run():
    for batch, answers in batches:
        out = net(batch) + 0.1 * tf.one_hot(answers, 3)
        update(wanted=answers, scores=out)
run()
# %% where the result is called
# fix: none/outside-tape
# becomes: scores = net(scores)
# becomes: update(rows[:6], marks[:6])
update(net(rows[:6]), marks[:6])
# %% methods, and a model of the object's own
# fix: none/outside-tape
# becomes: def learn(self, batch, wanted):
# becomes: scores = self.model(batch)
# becomes: self.learn(batch, answers)
class Trainer:
    def __init__(self, model):
        self.model = model
    def learn(self, scores, wanted):
        with tf.GradientTape() as tape:
            loss = entropy(wanted, scores)
        grads = tape.gradient(loss, self.model.trainable_variables)
        opt.apply_gradients(zip(grads, self.model.trainable_variables))
    def run(self):
        for batch, answers in batches:
            result = self.model(batch)
            self.learn(result, answers)
Trainer(net).run()
# %% a model of the caller's own, which both are handed
# fix: none/outside-tape
# becomes: def learn(student, batch, wanted):
# becomes: scores = student(batch)
# becomes: learn(model, batch, answers)
def learn(student, scores, wanted):
    with tf.GradientTape() as tape:
        loss = entropy(wanted, scores)
    return tape.gradient(loss, student.trainable_variables)
def main():
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    for batch, answers in batches:
        result = model(batch)
        learn(model, result, answers)
main()
# %% a result that is read besides
# fix: none/outside-tape
# becomes: def update(batch, wanted):
# becomes: scores = net(batch)
# becomes: out = net(batch)
# becomes: update(batch, answers)
for batch, answers in batches:
    out = net(batch)
    update(out, answers)
    seen.update_state(answers, out)
# %% near: the function is called twice
# none: none/outside-tape
def run():
    for batch, answers in batches:
        out = net(batch)
        update(out, answers)
    for batch, answers in batches:
        late = net(batch) * 0.5
        update(late, answers)
run()
# %% near: a name that the function has for something else
# none: none/outside-tape
def run():
    for loss, answers in batches:
        out = net(loss)
        update(out, answers)
run()
# %% near: what goes in is another one by then
# none: none/outside-tape
def run():
    for batch, answers in batches:
        out = net(batch)
        batch = batch * 2.0
        update(out, answers)
run()
