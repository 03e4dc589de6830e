# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(6)
class Tracker(keras.Model):
    def __init__(self):
        super().__init__()
        self.cell = keras.layers.GRUCell(6)
        self.out = keras.layers.Dense(1)
    def call(self, seq):
        h, outs = tf.zeros((tf.shape(seq)[0], 6)), []
        for t in range(seq.shape[1]):
            _, new = self.cell(seq[:, t], [h])
            outs.append(self.out(h))
        return tf.stack(outs, 1)
class Embedded(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.word, self.place = keras.layers.Embedding(20, 4), keras.layers.Embedding(9, 4)
        self.top = keras.layers.Dense(20)
    def call(self, ids):
        h = self.word(ids)
        h + self.place(tf.range(tf.shape(ids)[1]))  # where each word stands
        return self.top(tf.tanh(h))
rows, marks = np.random.randn(16, 5, 3).astype("float32"), np.random.randn(16, 5, 1).astype("float32")
words = tf.random.uniform((4, 7), 0, 20, tf.int32)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
# %% the new state of a cell
# fix: none/discarded-result
# becomes: _, [h] = self.cell(seq[:, t], [h])
tracker = Tracker()
tracker.compile("adam", "mse")
tracker.fit(rows, marks, verbose=0)
# %% a sum that nothing takes
# fix: none/discarded-result
# becomes: h = h + self.place(tf.range(tf.shape(ids)[1]))  # where each word stands
layer = Embedded()
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(words, layer(words)))
grads = tape.gradient(loss, layer.trainable_variables)
# %% a term that the loss of each turn leaves out
# fix: none/discarded-result
# becomes: loss = penalty + data
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh", kernel_regularizer="l2"), keras.layers.Dense(1)])
for turn in range(2):
    with tf.GradientTape() as tape:
        data = tf.reduce_mean((net(x) - y) ** 2)
        penalty = tf.add_n(net.losses)
        loss = penalty
    grads = tape.gradient(loss, net.trainable_variables)
# %% a step whose size is to be learned
# fix: none/state-assignment
# becomes: w_value = w - (alpha * g)
# becomes: after = (w_value - 3.0) ** 2
# becomes: optimizer.apply_gradients(zip(grads, [w, alpha]))
w, alpha, optimizer = tf.Variable(1.0), tf.Variable(0.1), keras.optimizers.SGD(0.01)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        before = (w - 3.0) ** 2
    g = inner.gradient(before, w)
    w.assign_sub(alpha * g)
    after = (w - 3.0) ** 2
grads = outer.gradient(after, [w, alpha])
optimizer.apply_gradients(zip(grads, [w, alpha]))
# %% pictures that become whole numbers, and floats again
# fix: none/non-float-dtype
# becomes: shown = tf.sigmoid(draw(x))
draw = keras.layers.Dense(6)
with tf.GradientTape() as tape:
    shown = tf.image.convert_image_dtype(tf.sigmoid(draw(x)), tf.uint8)
    shown = tf.image.convert_image_dtype(shown, tf.float32)
    loss = tf.reduce_mean((shown - 0.3) ** 2)
grads = tape.gradient(loss, draw.trainable_variables)
