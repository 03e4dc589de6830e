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
def of_layer(net, word):
    return [v for v in net.trainable_variables if word in v.name]
class TwoRates(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed = keras.layers.Embedding(20, 4, name="embed")
        self.recurrent = keras.layers.GRU(5, name="recurrent")
        self.top = keras.layers.Dense(3, name="top")
        self.slow, self.fast = keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.1)
    def call(self, tokens):
        return self.top(self.recurrent(self.embed(tokens)))
    def group(self, word):
        return [v for v in self.trainable_variables if word in v.name]
    def train_step(self, data):
        tokens, labels = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=labels, y_pred=self(tokens, training=True))
        base, top = self.group("embed") + self.group("recurrent"), self.group("top")
        base_grads, top_grads = tape.gradient(loss, [base, top])
        self.slow.apply(base_grads, base)
        self.fast.apply(top_grads, top)
        return {"loss": loss}
words, kinds = tf.random.uniform((16, 6), 0, 20, tf.int32, seed=3), tf.random.uniform((16,), 0, 3, tf.int32, seed=4)
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
# %% in a function
# fix: error/no-loss
# becomes: return [v for v in net.trainable_variables if word in v.path]
chosen = of_layer(model, "head")
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, chosen)
optimizer.apply_gradients(zip(grads, chosen))
# %% in a loop that appends
# fix: error/no-loss
# becomes: if "head" in v.path:
chosen = []
for v in model.trainable_variables:
    if "head" in v.name:
        chosen.append(v)
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, chosen)
optimizer.apply_gradients(zip(grads, chosen))
# %% in a method, of which one group is not empty
# fix: step/untracked-variable
# becomes: return [v for v in self.trainable_variables if word in v.path]
two = TwoRates()
two.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
two.fit(words, kinds, batch_size=8, epochs=1, verbose=0)
# %% near: no layer is called so
# none: error/no-loss
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, nothing)
optimizer.apply_gradients(zip(grads, nothing))
# %% near: the weights themselves are called so
# none: step/untracked-variable
chosen = [v for v in model.trainable_variables if "kernel" in v.name]
with tf.GradientTape() as tape:
    loss = loss_fn(y, model(x, training=True))
grads = tape.gradient(loss, chosen)
optimizer.apply_gradients(zip(grads, chosen))
