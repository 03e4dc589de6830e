# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
links = tf.one_hot([1, 2, 3, 0], 4)
cloud = {"point": tf.random.normal((6, 4, 3)), "size": tf.random.normal((6, 4, 1))}
goal = tf.random.normal((6, 1))
mixing, score = keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)
mixing.build((None, 4))
score.build((None, 3))
everything = mixing.trainable_variables + score.trainable_variables
def exchanged(state):
    """One round of messages."""
    both = tf.concat([state["point"], state["size"]], axis=-1)
    moved = state["point"] + tf.einsum("nm,bmf->bnf", links, mixing(both))
    return {**state, "moved": moved}
def in_place(state):
    state['moved'] = mixing(tf.concat([state['point'], state["size"]], axis=-1))
    return score(tf.reduce_mean(state['point'], axis=1))
class Round(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(3, activation="tanh")
    def call(self, state):
        return {**state, "hidden": self.inner(state["point"])}
class Stacked(keras.Model):
    def __init__(self, count):
        super().__init__()
        self.rounds, self.out = [Round() for _ in range(count)], keras.layers.Dense(1)
    def call(self, state):
        for one in self.rounds:
            state = one(state)
        pooled = tf.reduce_mean(state["point"], axis=1)  # over the points
        return self.out(pooled)
# %% a function returns the dictionary with one entry more
# fix: none/discarded-result
# becomes: error = tf.reduce_mean((score(tf.reduce_mean(state["moved"], axis=1)) - goal) ** 2)
with tf.GradientTape() as tape:
    state = exchanged(cloud)
    error = tf.reduce_mean((score(tf.reduce_mean(state["point"], axis=1)) - goal) ** 2)
grads = tape.gradient(error, everything)
# %% the dictionary gets one entry more where it is
# fix: none/discarded-result
# becomes: return score(tf.reduce_mean(state['moved'], axis=1))
with tf.GradientTape() as tape:
    error = tf.reduce_mean((in_place(dict(cloud)) - goal) ** 2)
grads = tape.gradient(error, everything)
# %% below the line of the tape, batch after batch
# fix: none/discarded-result
# becomes: guess = score(tf.reduce_mean(batch["coded"], axis=1))
optimizer = keras.optimizers.SGD(0.1)
for batch in [dict(cloud), dict(cloud)]:
    with tf.GradientTape() as tape:
        wide = tf.concat([batch["point"], batch["size"]], axis=-1)
        batch["coded"] = mixing(wide)
        guess = score(tf.reduce_mean(batch["point"], axis=1))
        error = tf.reduce_mean((guess - goal) ** 2)
    grads = tape.gradient(error, everything)
    optimizer.apply_gradients(zip(grads, everything))
# %% several rounds, each from the result of the one before
# fix: none/discarded-result
# becomes: return {**state, "point": self.inner(state["point"])}
# becomes: pooled = tf.reduce_mean(state["point"], axis=1)  # over the points
stacked = Stacked(2)
stacked.compile("sgd", "mse")
history = stacked.fit(cloud, goal, verbose=0)
# %% near: another line reads the new entry by its word
# none: none/discarded-result
word = "moved"
with tf.GradientTape() as tape:
    state = exchanged(cloud)
    error = tf.reduce_mean((score(tf.reduce_mean(state["point"], axis=1)) - goal) ** 2)
grads = tape.gradient(error, everything)
size = tf.norm(state[word])
