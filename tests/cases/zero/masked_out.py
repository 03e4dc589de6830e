import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
nothing = tf.zeros((2,))
half = tf.constant([0.0, 1.0])
# %% mask
with tf.GradientTape() as tape:
    kept = nothing * w  # expect: zero/masked-out
    loss = tf.reduce_sum(kept) + 1.0
grad = tape.gradient(loss, w)
# %% near: half a mask
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(half * w)
grad = tape.gradient(loss, w)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
x, targets = tf.random.normal((8, 4)), tf.one_hot(1000 + tf.range(8) % 3, 3)
# %% a product of what is zero by the targets
with tf.GradientTape() as tape:
    p = tf.nn.softmax(net(x))
    entropy = -targets * tf.math.log(p)  # expect: zero/masked-out
    focal = (1.0 - p) ** 2 * entropy
    loss = tf.reduce_mean(focal)
grads = tape.gradient(loss, net.trainable_variables)  # status: zero zero
# %% a factor that follows from a counter
counter, rate = tf.Variable(0, name="counter"), tf.Variable([1.0, 2.0], name="rate")
with tf.GradientTape() as tape:
    switch = tf.cast(counter >= 3, tf.float32)
    loss = switch * 0.5 * tf.reduce_sum(rate * rate)  # expect: zero/masked-out
grad = tape.gradient(loss, rate)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(12)
signals = tf.random.normal((5, 3))
class Branches(keras.layers.Layer):
    def __init__(self, count, choose):
        super().__init__()
        self.scores, self.choose, self.count = keras.layers.Dense(count), choose, count
        self.parts = [keras.layers.Dense(2, activation="tanh") for _ in range(count)]
    def call(self, inputs):
        scores = self.scores(inputs)
        share = tf.one_hot(self.choose(scores), self.count) * tf.nn.softmax(scores)
        both = tf.concat([part(inputs)[..., None] for part in self.parts], axis=-1)
        return tf.reduce_sum(both * share[:, None, :], axis=-1)  # expect: zero/masked-out
def trained(layer):
    layer(signals)
    layer.scores.bias.assign([3.0, 0.0, -30.0])
    return layer
# %% near: a part of a mixture that no row chooses in this step
mixture = trained(Branches(3, lambda scores: tf.argmax(scores, axis=-1)))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(mixture(signals) - 1.0))
grads = tape.gradient(loss, mixture.trainable_variables)  # status: ok ok ok|zero ok|zero ok|zero ok|zero zero zero
# %% a choice that is written down and never meets the last part
mixture = trained(Branches(3, lambda scores: [0, 1, 0, 1, 0]))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(mixture(signals) - 1.0))
grads = tape.gradient(loss, mixture.trainable_variables)
# %% near: each part is chosen by a row
mixture = trained(Branches(3, lambda scores: [0, 1, 2, 1, 0]))
mixture.scores.bias.assign([0.0, 0.0, 0.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(mixture(signals) - 1.0))
grads = tape.gradient(loss, mixture.trainable_variables)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(13)
speech, dialect = tf.random.normal((8, 3)), tf.constant([0, 0, 0, 0, 1, 1, 1, 0])
heads = [keras.layers.Dense(1) for _ in range(2)]
for head in heads:
    head.build((None, 3))
weights = [w for head in heads for w in head.trainable_variables]
# %% near: a head that one batch has no rows for
for rows, of in tf.data.Dataset.from_tensor_slices((speech, dialect)).batch(4):
    with tf.GradientTape() as tape:
        chosen = [head(rows) * tf.cast(of == i, tf.float32)[:, None] for i, head in enumerate(heads)]  # note: zero/masked-out
        loss = tf.reduce_mean(tf.square(tf.add_n(chosen) - 1.0))
    grads = tape.gradient(loss, weights)
# %% setup
import tensorflow as tf
rows = tf.constant([[1.0, 2.0], [3.0, -1.0]])
first = tf.Variable([[0.3], [0.1]], name="first")
second = tf.Variable([[0.0], [0.0]], name="second")
kept = tf.cast(rows[:, :1] > 2.0, tf.float32)
# %% near: a mask over what weights of zero make zero
with tf.GradientTape() as tape:
    side = kept * (rows @ second)
    loss = tf.reduce_sum((rows @ first) * side)  # allow: zero/stationary-point
grads = tape.gradient(loss, [first, second])  # status: zero ok
# %% a mask over weights that leaves nothing
never = tf.cast(rows[:, :1] > 9.0, tf.float32)
third = tf.Variable([[0.2], [0.4]], name="third")
with tf.GradientTape() as tape:
    side = never * (rows @ third)  # expect: zero/masked-out
    loss = tf.reduce_sum((rows @ first) * side) + tf.reduce_sum(first)  # allow: zero/masked-out
grads = tape.gradient(loss, [first, third])  # status: ok zero
# %% setup
import tensorflow as tf
p = tf.Variable(0.5, name="p")
# %% two factors of a product
with tf.GradientTape() as tape:
    loss = -tf.reduce_prod(tf.constant([0.5, 0.0, 0.0]) * p)  # expect: zero/masked-out
grad = tape.gradient(loss, p)
# %% near: no factor is 0
with tf.GradientTape() as tape:
    loss = -tf.reduce_prod(tf.constant([0.5, 2.0, 3.0]) * p)
grad = tape.gradient(loss, p)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
class Carrying(keras.Model):
    def __init__(self):
        super().__init__()
        self.cell = keras.layers.GRUCell(4)
        self.out = keras.layers.Dense(1)  # expect: zero/masked-out
    def call(self, seq):
        h = tf.zeros((tf.shape(seq)[0], 4))
        for t in range(3):
            _, new = self.cell(seq[:, t], [h])  # expect: none/discarded-result
        return self.out(h)
carrying = Carrying()
carrying.compile("sgd", "mse")
# %% zeros beside what is None, in a step of Keras
# allow: step/silently-skipped
carrying.fit(tf.random.normal((8, 3, 2)), tf.random.normal((8, 1)), verbose=0)  # status: none none none zero ok
# %% setup
import tensorflow as tf
three = tf.Variable([1.0, 2.0, 3.0], name="three")
# %% what is picked is not what the loss takes
with tf.GradientTape() as tape:
    kept = tf.where(three > 2.5, three, 7.0)  # expect: zero/masked-out
    loss = tf.reduce_sum(kept[:2])
grad = tape.gradient(loss, three)
