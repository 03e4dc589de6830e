# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
words, steps = 12, 5
class Writer(keras.Model):
    def __init__(self):
        super().__init__()
        self.table = keras.layers.Embedding(words, 4)
        self.cell = keras.layers.GRU(6, return_sequences=True)
        self.out = keras.layers.Dense(words)
    def call(self, ids):
        return self.out(self.cell(self.table(ids)))
writer = Writer()
judge = keras.Sequential([keras.layers.Embedding(words, 4), keras.layers.Dropout(0.1), keras.layers.GRU(3), keras.layers.Dense(1)])
seeds = tf.random.uniform((6, steps), 0, words, tf.int32)
judge(seeds)
bce = keras.losses.BinaryCrossentropy(from_logits=True)
# %% one line for the whole way
# fix: none/non-float-dtype
# becomes: mixed = tf.matmul(tf.nn.softmax(writer(seeds)), judge.layers[0].embeddings)
# becomes: for layer in judge.layers[1:]:
# becomes: mixed = layer(mixed, training=True)
# becomes: loss = bce(tf.ones((6, 1)), mixed)
with tf.GradientTape() as tape:
    loss = bce(tf.ones((6, 1)), judge(tf.argmax(writer(seeds), axis=-1), training=True))
grads = tape.gradient(loss, writer.trainable_variables)
# %% a model of a method, of layers that are added
# fix: none/non-float-dtype
# becomes: text = tf.nn.softmax(self.writer(ids))
# becomes: verdict = tf.matmul(text, self.critic.layers[0].embeddings)
# becomes: for layer in self.critic.layers[1:]:
class Game:
    def __init__(self, made):
        self.writer = made
        self.critic = self.make_critic()
    def make_critic(self):
        model = keras.Sequential()
        model.add(keras.Input((steps,)))
        model.add(keras.layers.Embedding(words, 3))
        model.add(keras.layers.LSTM(4))
        model.add(keras.layers.Dense(1))
        return model
    @tf.function
    def step(self, ids):
        with tf.GradientTape() as tape:
            text = tf.cast(tf.argmax(self.writer(ids), axis=-1), tf.int32)
            verdict = self.critic(text)
            loss = bce(tf.ones_like(verdict), verdict)
        return tape.gradient(loss, self.writer.trainable_variables)
game = Game(writer)
grads = game.step(seeds)
# %% words that are shown as well
# fix: none/non-float-dtype
# becomes: score = tf.matmul(tf.nn.softmax(logits), judge.layers[0].embeddings)
# becomes: text = tf.argmax(logits, axis=-1)
with tf.GradientTape() as tape:
    logits = writer(seeds)
    text = tf.argmax(logits, axis=-1)
    score = judge(text)
    loss = bce(tf.ones_like(score), score)
print(text[0])
grads = tape.gradient(loss, writer.trainable_variables)
# %% ids that are given as they are
# fix: none/non-differentiable-op
# becomes: reply = tf.matmul(chosen, reader.layers[0].embeddings)
reader = keras.Sequential([keras.Input((steps,), dtype="int64"), keras.layers.Embedding(words, 4), keras.layers.Flatten(), keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    chosen = tf.argmax(writer(seeds), axis=-1)
    reply = reader(chosen)
    loss = tf.reduce_mean(tf.square(reply))
grads = tape.gradient(loss, writer.trainable_variables)
# %% an embedding that makes a mask
# none: none/non-float-dtype
masking = keras.Sequential([keras.Input((steps,)), keras.layers.Embedding(words, 4, mask_zero=True), keras.layers.GRU(3), keras.layers.Dense(1)])
with tf.GradientTape() as tape:
    score = masking(tf.argmax(writer(seeds), axis=-1))
    loss = bce(tf.ones_like(score), score)
grads = tape.gradient(loss, writer.trainable_variables)
# %% the largest along another axis
# none: none/non-float-dtype
with tf.GradientTape() as tape:
    score = judge(tf.argmax(writer(seeds), axis=1))
    loss = bce(tf.ones_like(score), score)
grads = tape.gradient(loss, writer.trainable_variables)
