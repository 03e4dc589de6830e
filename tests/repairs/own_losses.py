# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
kinds, length = 3, 4
class Chain(keras.layers.Layer):
    def build(self, shape):
        self.moves = self.add_weight(shape=(kinds, kinds), name="moves")
    def call(self, scores):
        return scores
    def way(self, tags):
        return tf.gather_nd(tf.convert_to_tensor(self.moves), tf.stack([tags[:, :-1], tags[:, 1:]], axis=-1))
    def nll(self, y_true, y_pred):
        tags = tf.cast(y_true, tf.int32)
        unary = tf.reduce_sum(tf.gather(y_pred, tags, batch_dims=2), axis=1)
        total = tf.reduce_sum(tf.reduce_logsumexp(y_pred, axis=-1), axis=1)
        return total - unary - tf.reduce_sum(self.way(tags), axis=1)
class Reward(keras.Model):
    def __init__(self):
        super().__init__()
        self.front = keras.layers.Dense(kinds)
        self.center = self.add_weight(shape=(kinds,), name="center")
    def call(self, seen):
        return self.front(seen)
    def log_prob(self, outputs, targets):
        return -tf.reduce_sum(tf.square(outputs - targets - tf.convert_to_tensor(self.center)), axis=-1)
x = np.random.randn(8, length, 5).astype("float32")
tags = np.random.randint(0, kinds, (8, length))
y = np.random.randn(8, kinds).astype("float32")
# %% a layer with a name of its own
# fix: none/unused-variable
# becomes: tagger.compile("adam", loss=chain.nll)
chain = Chain()
seen = keras.Input((length, 5))
tagger = keras.Model(seen, chain(keras.layers.Dense(kinds)(seen)))
tagger.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
tagger.fit(x, tags, epochs=1, verbose=0)
# %% a model that is a likelihood itself
# fix: none/unused-variable
# becomes: reward.compile(optimizer="adam", loss=lambda targets, outputs: -reward.log_prob(outputs, targets), metrics=["mae"])
reward = Reward()
reward.compile(optimizer="adam", loss="mse", metrics=["mae"])
reward.fit(x[:, 0], y, epochs=1, verbose=0)
# %% a loop of one's own in a class
# fix: none/unused-variable
# becomes: loss = tf.reduce_mean(self.net.chain.nll(truth, self.net(seen)))
class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.scores, self.chain = keras.layers.Dense(kinds), Chain()
    def call(self, seen):
        return self.chain(self.scores(seen))
class Trainer:
    def __init__(self):
        self.net = Tagger()
        self.measure = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.adam = keras.optimizers.Adam()
    def step(self, seen, truth):
        with tf.GradientTape() as tape:
            loss = self.measure(truth, self.net(seen))
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.adam.apply_gradients(zip(grads, self.net.trainable_variables))
Trainer().step(x, tags)
# %% a layer in a model that is compiled by itself
# fix: none/unused-variable
# becomes: self.compile("adam", self.chain.nll)
class Compiled(keras.Model):
    def __init__(self):
        super().__init__()
        self.scores = keras.layers.Dense(kinds)
        self.chain = Chain()
        self.compile("adam", "sparse_categorical_crossentropy")
    def call(self, seen):
        return self.chain(tf.nn.softmax(self.scores(seen)))
Compiled().fit(x, tags, epochs=1, verbose=0)
# %% a loss that does not read what gets no gradient
# fix: none/unused-variable
# gone: spare.compile("adam", loss=spare.own_loss)
class Spare(keras.Model):
    def __init__(self):
        super().__init__()
        self.front = keras.layers.Dense(kinds)
        self.extra = self.add_weight(shape=(kinds,), name="extra")
    def call(self, seen):
        return self.front(seen)
    def own_loss(self, y_true, y_pred):
        return tf.reduce_mean(tf.abs(y_true - y_pred))
spare = Spare()
spare.compile("adam", loss="mse")
spare.fit(x[:, 0], y, epochs=1, verbose=0)
# %% a loss that is added somewhere else
# none: none/unused-variable
class Used(keras.Model):
    def __init__(self):
        super().__init__()
        self.front = keras.layers.Dense(kinds)
        self.extra = self.add_weight(shape=(kinds,), name="extra")
    def call(self, seen):
        return self.front(seen)
    def own_loss(self, y_true, y_pred):
        return tf.reduce_mean(tf.abs(y_true - y_pred - tf.convert_to_tensor(self.extra)))
    def judge(self, y_true, seen):
        return self.own_loss(y_true, self(seen))
used = Used()
used.compile("adam", loss="mse")
used.fit(x[:, 0], y, epochs=1, verbose=0)
