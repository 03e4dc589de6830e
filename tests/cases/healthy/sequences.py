import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(60)

class TransformerBlock(layers.Layer):
    def __init__(self, dim, heads, ff):
        super().__init__()
        self.att = layers.MultiHeadAttention(heads, dim)
        self.ffn = keras.Sequential([layers.Dense(ff, activation="relu"), layers.Dense(dim)])
        self.norm1, self.norm2 = layers.LayerNormalization(epsilon=1e-6), layers.LayerNormalization(epsilon=1e-6)
        self.drop1, self.drop2 = layers.Dropout(0.1), layers.Dropout(0.1)

    def call(self, x, training=False):
        out = self.norm1(x + self.drop1(self.att(x, x), training=training))
        return self.norm2(out + self.drop2(self.ffn(out), training=training))

class TokenAndPosition(layers.Layer):
    def __init__(self, length, words, dim):
        super().__init__()
        self.token, self.position = layers.Embedding(words, dim), layers.Embedding(length, dim)

    def call(self, x):
        return self.token(x) + self.position(tf.range(tf.shape(x)[-1]))

inputs = keras.Input((10,))
h = TransformerBlock(8, 2, 16)(TokenAndPosition(10, 50, 8)(inputs))
model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(h)))
rng = np.random.default_rng(0)
words, labels = rng.integers(0, 50, (32, 10)), rng.integers(0, 2, 32)
# %% transformer classifier, fit
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(words, labels, batch_size=16, epochs=1, verbose=0)  # status: ok ok ok ok ok ok|zero ok ok ok ok ok ok ok ok ok ok ok ok ok ok
# %% transformer classifier, own loop
optimizer = keras.optimizers.Adam(1e-3)
loss_fn = keras.losses.SparseCategoricalCrossentropy()
for start in (0, 16):
    with tf.GradientTape() as tape:
        loss = loss_fn(labels[start:start + 16], model(words[start:start + 16], training=True))
    grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok ok ok|zero ok ok ok ok ok ok ok ok ok ok ok ok ok ok
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(61)
source, target = keras.Input((None, 5)), keras.Input((None, 6))
_, h, c = layers.LSTM(8, return_state=True)(source)
out, _, _ = layers.LSTM(8, return_sequences=True, return_state=True)(target, initial_state=[h, c])
model = keras.Model([source, target], layers.Dense(6, activation="softmax")(out))
rng = np.random.default_rng(0)
src = np.eye(5, dtype="float32")[rng.integers(0, 5, (16, 7))]
dst = rng.integers(0, 6, (16, 6))
teacher = np.eye(6, dtype="float32")[dst]
# %% seq2seq with teacher forcing
model.compile("rmsprop", "sparse_categorical_crossentropy")
model.fit([src, teacher[:, :-1]], dst[:, 1:], epochs=1, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(62)

class Attention(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.w1, self.w2, self.v = layers.Dense(units), layers.Dense(units), layers.Dense(1)

    def call(self, query, values):
        score = self.v(tf.nn.tanh(self.w1(query[:, None]) + self.w2(values)))
        weights = tf.nn.softmax(score, axis=1)
        return tf.reduce_sum(weights * values, axis=1), weights

class Decoder(keras.Model):
    def __init__(self, words, units):
        super().__init__()
        self.embedding, self.cell, self.out, self.attention = layers.Embedding(words, units), layers.GRUCell(units), layers.Dense(words), Attention(units)

    def call(self, word, hidden, memory):
        context, _ = self.attention(hidden, memory)
        hidden, _ = self.cell(tf.concat([context, self.embedding(word)], axis=-1), [hidden])
        return self.out(hidden), hidden

encoder = keras.Sequential([keras.Input((6,)), layers.Embedding(12, 8), layers.GRU(8, return_sequences=True)])
decoder = Decoder(12, 8)
optimizer = keras.optimizers.SGD()
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
rng = np.random.default_rng(0)
src, dst = rng.integers(1, 12, (8, 6)), rng.integers(0, 12, (8, 4))

def loss_function(real, pred):
    mask = tf.cast(tf.math.not_equal(real, 0), tf.float32)
    return tf.reduce_mean(cross_entropy(real, pred) * mask)

@tf.function
def train_step(src, dst):
    loss = 0.0
    with tf.GradientTape() as tape:
        memory = encoder(src)
        hidden = memory[:, -1]
        word = dst[:, 0]
        for t in range(1, dst.shape[1]):
            logits, hidden = decoder(word, hidden, memory)
            loss += loss_function(dst[:, t], logits)
            word = dst[:, t]
    variables = encoder.trainable_variables + decoder.trainable_variables
    grads = tape.gradient(loss, variables)  # status: ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok|zero
    optimizer.apply_gradients(zip(grads, variables))
    return loss / dst.shape[1]
# %% attention decoder, unrolled in a function
for _ in range(2):
    print(float(train_step(tf.constant(src), tf.constant(dst))))
# %% setup
import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(63)
model = keras.Sequential([keras.Input((5, 3), batch_size=4), layers.LSTM(6, stateful=True), layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)
series = np.random.default_rng(0).normal(size=(3, 4, 5, 3)).astype("float32")
goal = series.sum((2, 3))[..., None]
# %% stateful RNN over chunks
for epoch in range(2):
    model.layers[0].reset_states()
    for chunk, y in zip(series, goal):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(chunk, training=True) - y) ** 2)
        optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
# %% fit of a masked, bidirectional net
masked = keras.Sequential([keras.Input((6,)), layers.Embedding(20, 4, mask_zero=True), layers.Bidirectional(layers.GRU(4)), layers.Dense(1, activation="sigmoid")])
masked.compile("sgd", "binary_crossentropy")
words = np.random.default_rng(0).integers(1, 20, (16, 6))
words[:, 4:] = 0
masked.fit(words, words[:, 0] % 2, epochs=1, verbose=0)
# %% embedding of rare words with sparse gradients
table = tf.Variable(tf.random.normal((1000, 4)), name="table")
opt = tf.keras.optimizers.SGD(0.1)
for batch in ([1, 5, 9], [2, 5, 700]):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.embedding_lookup(table, batch) ** 2)
    opt.apply_gradients([(tape.gradient(loss, table), table)])
# %% CTC loss
net = keras.Sequential([keras.Input((20, 4)), layers.LSTM(8, return_sequences=True), layers.Dense(6)])
signal, labels = tf.random.normal((4, 20, 4)), np.array([[1, 2, 3], [2, 3, 0], [4, 4, 1], [1, 0, 0]])
lengths = np.array([3, 2, 3, 1])
opt = keras.optimizers.Adam()
for _ in range(2):
    with tf.GradientTape() as tape:
        logits = net(signal)
        loss = tf.reduce_mean(tf.nn.ctc_loss(labels, logits, lengths, np.full(4, 20), logits_time_major=False, blank_index=-1))
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
# %% ragged words
sentences = tf.ragged.constant([[3, 1, 4], [1, 5], [9, 2, 6, 5]])
words = tf.Variable(tf.random.normal((10, 4)), name="words")
out = tf.Variable(tf.random.normal((4, 1)), name="out")
with tf.GradientTape() as tape:
    pooled = tf.reduce_mean(tf.ragged.map_flat_values(lambda ids: tf.gather(words, ids), sentences), axis=1)
    loss = tf.reduce_mean((tf.matmul(pooled, out) - 1.0) ** 2)
grads = tape.gradient(loss, [words, out])
print([tf.norm(tf.convert_to_tensor(g)).numpy() for g in grads])
# %% graph convolution with a sparse matrix
edges = tf.sparse.reorder(tf.SparseTensor([[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]], tf.ones(6), (4, 4)))
w1, w2 = tf.Variable(tf.random.normal((3, 8)), name="w1"), tf.Variable(tf.random.normal((8, 2)), name="w2")
nodes, classes = tf.random.normal((4, 3)), tf.constant([0, 1, 1, 0])
opt = keras.optimizers.Adam(0.01)
for _ in range(3):
    with tf.GradientTape() as tape:
        h = tf.nn.relu(tf.sparse.sparse_dense_matmul(edges, nodes @ w1))
        logits = tf.sparse.sparse_dense_matmul(edges, h @ w2)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits))
    opt.apply_gradients(zip(tape.gradient(loss, [w1, w2]), [w1, w2]))
# %% causal language model with a padding mask
class Causal(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed, self.att, self.out = layers.Embedding(16, 8), layers.MultiHeadAttention(2, 4), layers.Dense(16)
    def call(self, ids):
        h = self.embed(ids)
        allowed = tf.linalg.band_part(tf.ones((ids.shape[1], ids.shape[1]), tf.bool), -1, 0)[None] & tf.not_equal(ids, 0)[:, None]
        return self.out(h + self.att(h, h, attention_mask=allowed))
lm, opt = Causal(), keras.optimizers.Adam()
ids = np.array([[1, 4, 2, 7, 0], [3, 3, 8, 0, 0]])
for _ in range(2):
    with tf.GradientTape() as tape:
        nll = tf.nn.sparse_softmax_cross_entropy_with_logits(ids[:, 1:], lm(ids[:, :-1]))
        keep = tf.cast(ids[:, 1:] != 0, tf.float32)
        loss = tf.reduce_sum(nll * keep) / tf.reduce_sum(keep)
    grads = tape.gradient(loss, lm.trainable_variables)  # status: ok ok ok ok ok|zero ok ok ok ok ok ok
    opt.apply_gradients(zip(grads, lm.trainable_variables))
