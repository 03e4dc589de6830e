import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

class Encoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(6, activation="tanh")
        self.pooler = layers.Dense(6, activation="tanh")  # expect: none/unused-variable or none/discarded-result
        self.out = layers.Dense(1)
        self.hidden.build((None, 4)), self.pooler.build((None, 6)), self.out.build((None, 6))
        self.built = True

    def call(self, inputs):
        return self.out(self.hidden(inputs))

model = Encoder()
# %% a layer that call forgets, own loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok none none ok ok # also: none/unused-variable
# allow: none/unused-variable
# %% a layer that call forgets, fit
# allow: step/silently-skipped
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)  # status: ok ok none none ok ok # also: none/unused-variable
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

class TwoHeads(keras.Model):
    def __init__(self):
        super().__init__()
        self.body, self.mean, self.spread = layers.Dense(6, activation="relu"), layers.Dense(1), layers.Dense(1, activation="softplus")

    def call(self, inputs):
        h = self.body(inputs)
        mean = self.mean(h)
        spread = self.spread(h)  # expect: none/discarded-result
        return mean, spread

model = TwoHeads()
model(x)
# %% the second output of a model is dropped
with tf.GradientTape() as tape:
    mean, _ = model(x)
    loss = tf.reduce_mean((mean - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok none none
# %% the second output, in a compiled step
@tf.function
def step():
    with tf.GradientTape() as tape:
        mean, spread = model(x)
        loss = tf.reduce_mean((mean - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok none none
    return loss
step()
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = layers.Dense(4, activation="relu"), layers.Dense(4)

    def call(self, inputs):
        h = self.a(inputs)
        h2 = self.b(inputs)
        return h2

model = keras.Sequential([keras.Input((4,)), Block(), layers.Dense(1)])
# %% the wrong name is passed on
# allow: none/discarded-result
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none ok ok ok ok
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

class Block(layers.Layer):
    def __init__(self):
        super().__init__()
        self.a, self.b = layers.Dense(4, activation="relu"), layers.Dense(4)

    def call(self, inputs):
        h = self.a(inputs)  # expect: none/discarded-result
        h2 = self.b(inputs)
        return h2

model = keras.Sequential([keras.Input((4,)), Block(), layers.Dense(1)])
# %% the wrong name is passed on, fit
# allow: step/silently-skipped
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)  # status: none none ok ok ok ok
# %% the wrong name is passed on, own loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none ok ok ok ok
# %% setup
import tensorflow as tf
w1 = tf.Variable(tf.random.normal((4, 5), seed=1), name="w1")
b1 = tf.Variable(tf.zeros(5), name="b1")
w2 = tf.Variable(tf.random.normal((5, 1), seed=2), name="w2")
b2 = tf.Variable(tf.zeros(1), name="b2")
x, y = tf.random.normal((16, 4), seed=3), tf.random.normal((16, 1), seed=4)
# %% the bias is forgotten
with tf.GradientTape() as tape:
    h = tf.tanh(x @ w1 + b1)
    loss = tf.reduce_mean((h @ w2 - y) ** 2)  # also: none/unused-variable
grads = tape.gradient(loss, [w1, b1, w2, b2])  # expect: none/unused-variable
# %% overwritten activation
with tf.GradientTape() as tape:
    h = tf.tanh(x @ w1 + b1)  # expect: none/discarded-result
    h = tf.tanh(x)
    loss = tf.reduce_mean((h[:, :1] - y) ** 2) + tf.reduce_sum(w2 ** 2) + tf.reduce_sum(b2)
grads = tape.gradient(loss, [w1, b1, w2, b2])  # status: none none ok ok
# %% an assertion instead of a loss
with tf.GradientTape() as tape:
    h = tf.tanh(x @ w1 + b1)
    penalty = tf.reduce_sum(w2 ** 2)  # expect: none/discarded-result
    loss = tf.reduce_mean(h ** 2)
grads = tape.gradient(loss, [w1, b1, w2])  # status: ok ok none
# %% a decorated step in which one is unused
@tf.function
def step():
    with tf.GradientTape() as tape:
        h = tf.tanh(x @ w1 + b1)
        loss = tf.reduce_mean((h @ w2 - y) ** 2)
    grads = tape.gradient(loss, [w1, b1, w2, b2])  # expect: none/unused-variable
    return loss
step()
# %% near: used twice, one result discarded
with tf.GradientTape() as tape:
    shown = tf.reduce_sum(w1 ** 2)
    h = tf.tanh(x @ w1 + b1)
    loss = tf.reduce_mean((h @ w2 + b2 - y) ** 2)
grads = tape.gradient(loss, [w1, b1, w2, b2])  # status: ok ok ok ok
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(4)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

def make():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])

model, other = make(), make()
# %% gradients asked for of another model
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, other.trainable_variables)  # expect: none/different-object
# %% rebuilt before the gradient call
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
model = make()  # expect: none/different-object
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none # also: none/different-object
# %% a clone in the loss
copy = keras.models.clone_model(model)  # also: none/different-object or none/state-assignment
copy.set_weights(model.get_weights())  # also: none/different-object or none/state-assignment
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((copy(x) - y) ** 2)  # also: none/different-object or none/state-assignment
grads = tape.gradient(loss, model.trainable_variables)  # expect: none/different-object or none/state-assignment
# %% a copy of the variable
import copy
w = tf.Variable(2.0, name="w")
v = copy.deepcopy(w)  # also: none/different-object or none/state-assignment
with tf.GradientTape() as tape:
    loss = v ** 2
grad = tape.gradient(loss, w)  # expect: none/different-object or none/state-assignment
# %% two optimizers' variables mixed up
gen, disc = make(), make()
with tf.GradientTape() as g_tape, tf.GradientTape() as d_tape:
    d_loss = tf.reduce_mean(disc(x) ** 2)
    g_loss = tf.reduce_mean(gen(x) ** 2)  # also: none/discarded-result
g_grads = g_tape.gradient(g_loss, gen.trainable_variables)  # status: ok ok ok ok
d_grads = d_tape.gradient(d_loss, gen.trainable_variables)  # expect: none/different-object or none/discarded-result

# %% the kernel read before the layer was rebuilt
layer = layers.Dense(2)
layer.build((None, 4))
kernel = layer.kernel
layer = layers.Dense(2)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(x) ** 2)
grad = tape.gradient(loss, kernel)  # expect: none/different-object
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(5)
x = tf.random.normal((16, 4))

class Noisy(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.sigma = tf.Variable(0.5, name="sigma")

    def call(self, inputs):
        self.sigma = tf.Variable(0.5, name="sigma")  # expect: none/different-object or none/state-assignment
        return inputs * self.sigma

layer = Noisy()
sigma = layer.sigma
# %% an attribute made anew in every call
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(layer(x) ** 2)  # also: none/different-object
grad = tape.gradient(loss, sigma)  # status: none # also: none/different-object
