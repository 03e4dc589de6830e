# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
class Deep(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [keras.layers.Dense(4, activation="tanh", name=f"hidden_{i}") for i in range(3)]
        self.drop = keras.layers.Dropout(0.1)
        self.head = keras.layers.Dense(1)
    def call(self, inputs, training=False):
        for layer in self.hidden:
            out = layer(inputs)
            out = self.drop(out, training=training)
        return self.head(out)
deep = Deep()
deep.compile("sgd", "mse")
class Blocks(keras.layers.Layer):
    def __init__(self, count=2):
        super().__init__()
        self.blocks = [keras.layers.Dense(4, activation="tanh") for _ in range(count)]
        self.last = keras.layers.Dense(1)
    def call(self, x):
        h = x
        for i in range(len(self.blocks)):
            h = keras.ops.tanh(self.blocks[i](x))
        return self.last(h)
blocks = Blocks()
blocks(x)
params = [(tf.Variable(tf.eye(4)), tf.Variable(tf.zeros(4))) for _ in range(3)]
def forward(x):
    for w, b in params:
        h = tf.tanh(x @ w + b)
    return tf.reduce_sum(h, axis=1, keepdims=True)
class Mixture(keras.Model):
    def __init__(self):
        super().__init__()
        self.experts = [keras.layers.Dense(1) for _ in range(3)]
    def call(self, x):
        for expert in self.experts:
            out = expert(x)
        return out
mixture = Mixture()
mixture(x)
class Side(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = keras.layers.Dense(4)
        self.extra = keras.layers.Dense(4)
        self.drop = keras.layers.Dropout(0.2)
        self.last = keras.layers.Dense(1)
    def call(self, x, training=False):
        h = self.body(x)
        self.note(self.drop(self.extra(h), training=training))
        return self.last(h)
    def note(self, values):
        self.seen = values
side = Side()
side(x)
# %% a loop over hidden layers
# fix: none/discarded-result
# becomes: out = inputs
# becomes: out = layer(out)
deep.fit(x, y, verbose=0)
# %% by an index with the start before the loop
# fix: none/discarded-result
# becomes: h = keras.ops.tanh(self.blocks[i](h))
# gone: h = keras.ops.tanh(self.blocks[i](x))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((blocks(x) - y) ** 2)
grads = tape.gradient(loss, blocks.trainable_variables)
# %% weights of one's own
# fix: none/discarded-result
# becomes: h = x
# becomes: h = tf.tanh(h @ w + b)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((forward(x) - y) ** 2)
grads = tape.gradient(loss, [v for pair in params for v in pair])
# %% in the cell itself
# fix: none/discarded-result
# becomes: state = keras.ops.relu(dense(state))
# becomes: state = x
layers = [keras.layers.Dense(4) for _ in range(2)]
for dense in layers:
    dense.build((None, 4))
with tf.GradientTape() as tape:
    for dense in layers:
        state = keras.ops.relu(dense(x))
    loss = tf.reduce_mean(state ** 2)
grads = tape.gradient(loss, [v for dense in layers for v in dense.trainable_variables])
# %% experts that stand side by side are no row
# none: none/discarded-result
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((mixture(x) - y) ** 2)
grads = tape.gradient(loss, mixture.experts[0].trainable_variables + mixture.experts[2].trainable_variables)
# %% a dropout has nothing that could be left untrained
# none: none/discarded-result
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((side(x, training=True) - y) ** 2)
grads = tape.gradient(loss, side.trainable_variables)
# %% experts by their number
# none: none/discarded-result
with tf.GradientTape() as tape:
    for i in range(2):
        out = mixture.experts[i](x)
    loss = tf.reduce_mean((out - y) ** 2)
grads = tape.gradient(loss, mixture.experts[0].trainable_variables + mixture.experts[1].trainable_variables)
# %% the layers of a model one by one
# fix: none/discarded-result
# becomes: out = layer(out)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(4)])
with tf.GradientTape() as tape:
    for number, layer in enumerate(model.layers):
        out = layer(x)
    loss = tf.reduce_mean((out - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
class Written(keras.Model):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.three = (keras.layers.Dense(4, activation="tanh") for _ in range(3))
        self.last = keras.layers.Dense(1)
    def call(self, inputs):
        out = self.one(inputs)
        out = self.two(inputs)
        out = self.three(inputs)
        return self.last(inputs)
class Skipping(keras.Model):
    def __init__(self):
        super().__init__()
        self.one, self.two = (keras.layers.Dense(4, activation="tanh") for _ in range(2))
        self.last = keras.layers.Dense(1)
    def call(self, inputs):
        h = self.one(inputs)
        h = self.two(inputs)
        return self.last(h + inputs)
written, skipping = Written(), Skipping()
written(x), skipping(x)
# %% written out, each from the input
# fix: none/discarded-result
# becomes: out = self.two(out)
# becomes: out = self.three(out)
# becomes: return self.last(out)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((written(x) - y) ** 2)
grads = tape.gradient(loss, written.trainable_variables)
# %% written out, and the input is added at the end
# fix: none/discarded-result
# becomes: h = self.two(h)
# becomes: return self.last(h + inputs)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((skipping(x) - y) ** 2)
grads = tape.gradient(loss, skipping.trainable_variables)
