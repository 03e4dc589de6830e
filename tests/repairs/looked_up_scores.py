# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(7)
layers, far = keras.layers, keras.initializers.RandomUniform(2.0, 3.0, seed=1)
users, films = np.tile(np.arange(4), 6)[:, None], np.repeat(np.arange(6), 4)[:, None]
seen = ((users + films) % 2).astype("float32")
bce = keras.losses.BinaryCrossentropy()
user, film = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
taste, kind = tf.Variable(tf.random.uniform((4, 3), 2.0, 3.0)), tf.Variable(tf.random.uniform((6, 3), 2.0, 3.0))
class Popularity(keras.Model):
    def __init__(self):
        super().__init__()
        self.table = layers.Embedding(6, 1, embeddings_initializer="zeros")
    def call(self, words):
        return tf.squeeze(self.table(words), -1)
def affinity(rows, columns):
    left, right = tf.nn.embedding_lookup(taste, rows), tf.gather(kind, columns)
    return tf.reduce_sum(left * right, axis=-1)
def trained(predict, names):
    for turn in range(2):
        with tf.GradientTape() as tape:
            loss = keras.losses.binary_crossentropy(seen, predict())
        grads = tape.gradient(loss, names)
    return grads
# %% one number for each film
# fix: zero/clipped
# becomes: model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
model = Popularity()
model.compile("adam", loss="binary_crossentropy")
model.fit(films, seen, batch_size=24, verbose=0)
# %% the product of two embeddings
# fix: zero/clipped
# becomes: model.compile(keras.optimizers.Adam(0.1), keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
u, f = (layers.Flatten()(layers.Embedding(6, 3, embeddings_initializer=far)(i)) for i in (user, film))
model = keras.Model([user, film], layers.Dot(1)([u, f]))
model.compile(keras.optimizers.Adam(0.1), keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
model.fit([users, films], seen, batch_size=24, verbose=0)
# %% the mean of some rows
# fix: zero/clipped
# becomes: loss = keras.losses.binary_crossentropy(seen[:6], model(bags), from_logits=True)
model, bags = keras.Sequential([keras.Input((4,)), layers.Embedding(6, 1, embeddings_initializer=far), layers.GlobalAveragePooling1D()]), users.reshape(6, 4)
with tf.GradientTape() as tape:
    loss = keras.losses.binary_crossentropy(seen[:6], model(bags))
grads = tape.gradient(loss, model.trainable_variables)
# %% tables of one's own
# fix: zero/clipped
# becomes: loss = keras.losses.binary_crossentropy(seen, predict(), from_logits=True)
grads = trained(lambda: affinity(users, films), [taste, kind])
# %% near: rows that are held to be probabilities
# none: zero/clipped
class Within(keras.constraints.Constraint):
    def __call__(self, w):
        return keras.ops.clip(w, 0.0, 1.0)
model = keras.Sequential([keras.Input((1,)), layers.Embedding(6, 1, embeddings_initializer="ones", embeddings_constraint=Within()), layers.Flatten()])
model.compile("adam", "binary_crossentropy")
model.fit(films, np.ones((24, 1), "float32"), batch_size=24, verbose=0)
# %% near: the probability of the class that is asked for
# none: zero/clipped
scores = tf.Variable([[200.0, 0.0], [200.0, 0.0]])
with tf.GradientTape() as tape:
    p = tf.gather(tf.nn.softmax(scores), [0, 0], batch_dims=1)
    loss = bce(tf.ones(2), p)
grad = tape.gradient(loss, scores)
# %% near: the same by a product
# none: zero/clipped
scores = tf.Variable([[200.0, 0.0], [200.0, 0.0]])
with tf.GradientTape() as tape:
    p = tf.reduce_sum(tf.nn.softmax(scores) * [[1.0, 0.0]], axis=1)
    loss = bce(tf.ones(2), p)
grad = tape.gradient(loss, scores)
