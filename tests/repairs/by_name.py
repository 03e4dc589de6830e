# %% setup
import keras
import tensorflow as tf
def network(first, last):
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(6, activation="relu", name=first), keras.layers.Dense(2, name=last)])
model, other = network("body", "head"), network("trunk", "output")
x, y = tf.random.normal((12, 5), seed=1), tf.random.uniform((12,), 0, 2, tf.int32, seed=2)
loss_fn, optimizer = keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.optimizers.SGD(0.01)
head_variables = [v for v in model.trainable_variables if "head" in v.name]
nothing = [v for v in model.trainable_variables if "decoder" in v.name]
class Trainer:
    def __init__(self, net):
        self.net = net
        self.chosen = [w for w in net.trainable_variables if w.name.startswith("output")]
    def step(self):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, self.net(x, training=True))
        grads = tape.gradient(loss, self.chosen)
        keras.optimizers.SGD(0.01).apply_gradients(zip(grads, self.chosen))
trainer = Trainer(other)
# %% a part of a name
# fix: error/no-loss
# becomes: head_variables = [v for v in model.trainable_variables if "head" in v.path]
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, head_variables)
optimizer.apply_gradients(zip(grads, head_variables))
# %% the beginning of a name
# fix: error/no-loss
# becomes: self.chosen = [w for w in net.trainable_variables if "output" in w.path]
trainer.step()
# %% pairs that are all left out
# fix: error/no-loss
# becomes: optimizer.apply_gradients([(g, v) for g, v in zip(grads, variables) if "body" in v.path])
variables = model.trainable_variables
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, variables)
optimizer.apply_gradients([(g, v) for g, v in zip(grads, variables) if "body" in v.name])
# %% a part that has a name of its own
# fix: error/no-loss
# becomes: chosen = list(w for w in model.trainable_variables if PART in w.path)
PART = "head"
chosen = list(w for w in model.trainable_variables if PART in w.name)
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, chosen)
optimizer.apply_gradients(zip(grads, chosen))
# %% near: no layer is called so
# none: error/no-loss
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, nothing)
optimizer.apply_gradients(zip(grads, nothing))
