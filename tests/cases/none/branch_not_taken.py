import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
flag = tf.constant(False)
# %% cond
with tf.GradientTape() as tape:
    loss = tf.cond(flag, lambda: w * b, lambda: w * w)  # expect: none/branch-not-taken
grads = tape.gradient(loss, [w, b])
# %% loop of no turns
with tf.GradientTape() as tape:
    loss = w * 1.0
    for _ in range(0):  # expect: none/branch-not-taken
        loss = loss + b
grads = tape.gradient(loss, [w, b])
# %% near: taken
with tf.GradientTape() as tape:
    loss = w * 1.0
    if not flag:
        loss = loss + b
grads = tape.gradient(loss, [w, b])
# %% setup
import keras
import tensorflow as tf
class Block(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.main, self.shortcut = keras.layers.Dense(units), keras.layers.Dense(units, name="shortcut")
    def build(self, shape):
        self.main.build(shape)
        self.shortcut.build(shape)
    def call(self, x):
        around = x
        if x.shape[-1] != self.units:  # expect: none/branch-not-taken
            around = self.shortcut(x)
        return tf.nn.relu(self.main(x) + around)
x = tf.random.normal((8, 4))
# %% a part of one object, in code that ran for another
model = keras.Sequential([keras.Input((4,)), Block(4, name="same"), Block(6, name="wider")])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(x) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok none none ok ok ok ok
# %% near: both objects take the branch
model = keras.Sequential([keras.Input((4,)), Block(5, name="one"), Block(6, name="two")])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(model(x) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(21)
body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh")])
mask_head = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
rows = tf.random.normal((5, 4))
def total(x, least):
    h = body(x)
    loss = tf.reduce_mean(h**2)
    chosen = tf.boolean_mask(h, tf.reduce_max(h, axis=1) > least)
    if len(chosen):  # expect: none/branch-not-taken
        loss += tf.reduce_mean(mask_head(chosen) ** 2)
    return loss
# %% a head for the rows that are chosen, and none is
with tf.GradientTape() as tape:
    loss = total(rows, 5.0)
grads = tape.gradient(loss, body.trainable_variables + mask_head.trainable_variables)  # status: ok ok none none
# %% near: some are
with tf.GradientTape() as tape:
    loss = total(rows, -5.0)
grads = tape.gradient(loss, body.trainable_variables + mask_head.trainable_variables)
# %% near: the head is left out of the loss
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(body(rows) ** 2)
grads = tape.gradient(loss, body.trainable_variables)
if float(loss) > 100:
    print(mask_head(body(rows)))
# %% a head that is only looked at now and then, outside of the tape
for step in range(1):
    if step == 5:
        print(mask_head(body(rows)))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(body(rows) ** 2)
    grads = tape.gradient(loss, body.trainable_variables + mask_head.trainable_variables)  # expect: none/unused-variable
    if step == 7:
        print(mask_head(body(rows)))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(22)
class Scene:
    def __init__(self):
        self.trunk = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)])
        self.heads = {"car": keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)]), "tree": keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])}
    def of_car(self, x):
        return tf.reduce_sum(self.heads["car"](x))
    def losses(self, x, cars):
        h = self.trunk(x)
        found = [tf.reduce_sum(h**2)]
        for row in cars:  # expect: none/branch-not-taken
            found.append(self.of_car(h[row : row + 1]))
        return tf.add_n(found)
scene = Scene()
# %% a loop of no turns, in a method that calls another
with tf.GradientTape() as tape:
    cost = scene.losses(tf.ones((4, 3)), cars=[])
grads = tape.gradient(cost, scene.trunk.trainable_variables + scene.heads["car"].trainable_variables)  # status: ok ok none none
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(23)
encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
pairs_head = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
points = tf.random.normal((6, 3))
# %% a comprehension over nothing
close = [(i, j) for i in range(6) for j in range(i) if float(tf.norm(points[i] - points[j])) < 1e-3]
with tf.GradientTape() as tape:
    codes = encoder(points)
    scores = [pairs_head(tf.concat([codes[i], codes[j]], 0)[None]) for i, j in close]  # expect: none/branch-not-taken
    loss = tf.reduce_mean(codes**2) + (tf.reduce_mean(scores) if scores else 0.0)
variables = encoder.trainable_variables + pairs_head.trainable_variables
grads = tape.gradient(loss, variables)  # status: ok ok none none
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
class Noise(keras.layers.Layer):
    def build(self, shape):
        self.strength = self.add_weight(shape=(shape[-1],), initializer="ones", name="strength")
    def call(self, x, training=False):
        if not training:  # expect: none/branch-not-taken
            return x
        return x + self.strength * tf.random.normal(tf.shape(x))
decoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), Noise(name="noise"), keras.layers.Dense(2)])
x = tf.random.normal((8, 4))
# %% a layer that ran no op because it was not told that this is training
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(decoder(x) ** 2)
grads = tape.gradient(loss, decoder.trainable_variables)  # status: ok ok none ok ok
# %% near: the layer is told
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(decoder(x, training=True) ** 2)
grads = tape.gradient(loss, decoder.trainable_variables)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
class Gate(keras.layers.Layer):
    def build(self, shape):
        self.gate = self.add_weight(shape=(shape[-1],), initializer="ones", name="gate")
        self.spare = self.add_weight(shape=(shape[-1],), initializer="ones", name="spare")
    def call(self, x, training=False):
        if training:
            x = tf.nn.dropout(x, 0.1)
        return x * self.gate
net = keras.Sequential([keras.Input((4,)), Gate(name="gate"), keras.layers.Dense(1)])
x = tf.random.normal((8, 4))
# %% a weight that no branch reads
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(x) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # expect: none/unused-variable
