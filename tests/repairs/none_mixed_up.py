# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
generator, critic = make(), make()
first, second = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
def field(place, time):
    return net(tf.concat([place, place], axis=1))
def squared(y_true, y_pred):
    return tf.reduce_mean(tf.square(y_true - y_true))
def features(image):
    return tf.tanh(image * 2.0)
def style_loss(image, style):
    wanted = features(image)
    got = features(image)
    return tf.reduce_mean((got - wanted) ** 2)
image = tf.Variable(tf.random.uniform((4, 4)))
w1, w2 = tf.Variable(tf.random.normal((4, 4))), tf.Variable(tf.random.normal((4, 1)))
# %% an argument that is never read
# fix: none/unused-variable
# becomes: return net(tf.concat([place, time], axis=1))
place, time = x[:, :1], x[:, 1:2]
with tf.GradientTape(persistent=True) as tape:
    tape.watch([place, time])
    u = field(place, time)
along = tape.gradient(u, time)
# %% the labels beside themselves
# fix: none/discarded-result
# becomes: return tf.reduce_mean(tf.square(y_true - y_pred))
with tf.GradientTape() as tape:
    loss = squared(y, generator(x))
grads = tape.gradient(loss, generator.trainable_variables)
# %% the image beside itself
# fix: zero/stationary-point
# becomes: got = features(style)
with tf.GradientTape() as tape:
    loss = style_loss(image, tf.ones((4, 4)))
grad = tape.gradient(loss, image)
# %% a prediction that is never read
# fix: none/discarded-result
# becomes: loss = tf.reduce_mean((y - pred) ** 2)
with tf.GradientTape() as tape:
    pred = generator(x)
    loss = tf.reduce_mean((y - y) ** 2)
grads = tape.gradient(loss, generator.trainable_variables)
# %% the label as the target
# fix: none/discarded-result
# becomes: grads = tape.gradient(loss, generator.trainable_variables)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((generator(x) - y) ** 2)
grads = tape.gradient(y, generator.trainable_variables)
# %% the variables of the other model
# fix: none/discarded-result
# becomes: c_grads = c_tape.gradient(c_loss, critic.trainable_variables)
# becomes: second.apply_gradients(zip(c_grads, critic.trainable_variables))
# becomes: g_grads = g_tape.gradient(g_loss, generator.trainable_variables)
with tf.GradientTape() as g_tape, tf.GradientTape() as c_tape:
    c_loss = tf.reduce_mean(critic(x) ** 2)
    g_loss = tf.reduce_mean(generator(x) ** 2)
g_grads = g_tape.gradient(g_loss, generator.trainable_variables)
c_grads = c_tape.gradient(c_loss, generator.trainable_variables)
first.apply_gradients(zip(g_grads, generator.trainable_variables))
second.apply_gradients(zip(c_grads, generator.trainable_variables))
# %% a layer that reads the input of the one before
# fix: none/discarded-result
# becomes: out = h @ w2
with tf.GradientTape() as tape:
    h = tf.tanh(x @ w1)
    out = x @ w2
    loss = tf.reduce_mean((out - y) ** 2)
grads = tape.gradient(loss, [w1, w2])
# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
params = {"W1": tf.Variable(tf.random.normal((4, 5))), "b1": tf.Variable(tf.zeros(5)), "W2": tf.Variable(tf.random.normal((5, 1))), "b2": tf.Variable(tf.zeros(1))}
W, b = tf.Variable(tf.random.normal((4, 1))), tf.Variable(tf.zeros(1))
def forward(inputs):
    h = tf.tanh(inputs @ params["W1"] + params["b1"])
    return h @ params["W2"]
def linear(inputs):
    return tf.matmul(inputs, W)
class Linear(keras.layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 3))
        self.b = self.add_weight(shape=(3,), initializer="zeros")
    def call(self, inputs):
        return tf.matmul(inputs, self.w)
class Deep(keras.Model):
    def __init__(self):
        super().__init__()
        self.d1, self.d2 = keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(6, activation="tanh")
        self.out = keras.layers.Dense(1)
        self.d1.build((None, 4)), self.d2.build((None, 6)), self.out.build((None, 6))
    def call(self, inputs):
        return self.out(self.d1(inputs))
layered = keras.Sequential([keras.Input((4,)), Linear(), keras.layers.Dense(1)])
deep = Deep()
# %% a bias in a dict
# fix: none/unused-variable
# becomes: return h @ params["W2"] + params["b2"]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((forward(x) - y) ** 2)
grads = tape.gradient(loss, params)
# %% a bias by name
# fix: none/unused-variable
# becomes: return tf.matmul(inputs, W) + b
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((linear(x) - y) ** 2)
dW, db = tape.gradient(loss, [W, b])
# %% a bias of a layer
# fix: none/unused-variable
# becomes: return tf.matmul(inputs, self.w) + self.b
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((layered(x) - y) ** 2)
grads = tape.gradient(loss, layered.trainable_variables)
# %% a layer of a class
# fix: none/unused-variable
# becomes: return self.out(self.d2(self.d1(inputs)))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((deep(x) - y) ** 2)
grads = tape.gradient(loss, deep.trainable_variables)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
faces, ages = tf.random.normal((8, 3)), tf.constant([3, 8, 1, 4, 9, 2, 7, 5])
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="softplus")])

def absolute_error(truth, guess):
    guess = tf.cast(tf.squeeze(guess, axis=-1), truth.dtype)
    return tf.reduce_mean(tf.abs(truth - guess))

class Block(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner, self.outer = keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)
        self.drop = keras.layers.Dropout(0.1)

    def build(self, shape):
        self.inner.build(shape)
        self.outer.build(shape)

    def call(self, x, training=False):
        found = self.inner(x)
        found = self.drop(found, training=training)
        h = self.outer(x + x)
        return h + self.drop(h, training=training)

block = Block()
# %% the guess is cast to the dtype of the truth
# fix: none/non-float-dtype
# becomes: truth = tf.cast(truth, guess.dtype)
with tf.GradientTape() as tape:
    loss = absolute_error(ages, net(faces))
grads = tape.gradient(loss, net.trainable_variables)
# %% what goes on is the input, twice
# fix: none/discarded-result
# becomes: h = self.outer(x + found)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(block(faces, training=True) ** 2)
grads = tape.gradient(loss, block.trainable_variables)
