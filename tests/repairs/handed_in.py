# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((8, 4), seed=1), tf.random.normal((8, 1), seed=2)
def heads():
    return {k: keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]) for k in ("left", "right")}
class Trainer:
    def __init__(self):
        self.heads, self.task, self.penalised = heads(), "left", False
    @tf.function
    def step(self, x, y):
        head = self.heads[self.task]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(head(x) - y))
        for v, g in zip(head.trainable_variables, tape.gradient(loss, head.trainable_variables)):
            v.assign_sub(0.1 * g)
        return loss
    @tf.function(reduce_retracing=True)
    def smooth(self, x, scale=1.0):
        model = self.heads["left"]
        with tf.GradientTape() as tape:
            loss = scale * tf.reduce_mean(tf.square(model(x)))
            if self.penalised:
                loss += tf.reduce_sum(tf.square(model.trainable_variables[0]))
        return tape.gradient(loss, model.trainable_variables)
trainer = Trainer()
nets, phase = list(heads().values()), 0
def update(x, y):
    net = nets[phase]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(x) - y))
    for v, g in zip(net.trainable_variables, tape.gradient(loss, net.trainable_variables)):
        v.assign_sub(0.1 * g)
fast = tf.function(update)
class Far:
    def __init__(self):
        self.heads, self.side = heads(), "left"
    def head(self):
        return self.heads[self.side]
    @tf.function
    def step(self, x, y):
        model = self.head()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x) - y))
        return tape.gradient(loss, model.trainable_variables)
far = Far()
# %% a key of a dictionary
# fix: step/stale-capture
# becomes: def step(self, x, y, task):
# becomes: head = self.heads[task]
# becomes: loss = trainer.step(x, y, trainer.task)
for side in ("left", "right"):
    trainer.task = side
    for _ in range(3):
        loss = trainer.step(x, y)
# %% a flag beside a default and a keyword
# fix: step/stale-capture
# becomes: def smooth(self, x, scale=1.0, *, penalised):
# becomes: if penalised:
# becomes: first = trainer.smooth(x, scale=2.0, penalised=trainer.penalised)
first = trainer.smooth(x, scale=2.0)
trainer.penalised = True
second = trainer.smooth(x, scale=2.0)
# %% an index under a name, and a function under another name
# fix: step/stale-capture
# becomes: def update(x, y, phase):
# becomes: fast(x, y, phase)
for phase in range(2):
    for _ in range(2):
        fast(x, y)
# %% what another method looks up
# none: step/stale-capture
far.step(x, y)
far.side = "right"
far.step(x, y)
