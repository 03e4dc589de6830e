# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(5)
frames = np.random.normal(size=(6, 4)).astype("float32")
gains = np.arange(6, dtype="float32") / 6.0
policy, critic = keras.layers.Dense(2), keras.layers.Dense(1)
policy(frames), critic(frames)
weights = [policy.kernel, critic.kernel]
chosen = lambda frame: tf.nn.log_softmax(policy(frame[None]))[0, 0]
def play():
    logs, guesses = [], []
    for frame in frames:
        logs.append(chosen(frame))
        guesses.append(critic(frame[None]).numpy().item())  # one number
    return logs, guesses
def ahead(rewards, guesses):
    return [r - g for r, g in zip(rewards, guesses)]
class Memory:
    def __init__(self):
        self.logs, self.guesses = [], []
    def store(self, log, guess):
        self.logs.append(log)
        self.guesses.append(guess.numpy()[0, 0])
    def read(self):
        return tf.stack(self.logs), tf.constant(self.guesses, dtype=tf.float32)
# %% a list that a function gives back
# fix: none/left-tensorflow
# becomes: guesses.append(tf.squeeze(critic(frame[None])))  # one number
# becomes: worth = tf.reduce_mean((tf.stack(found) - gains) ** 2)
# becomes: returns = gains + np.array(found, "float32")
for turn in range(2):
    with tf.GradientTape() as tape:
        logs, found = play()
        returns = gains + np.array(found, "float32")
        worth = tf.reduce_mean((tf.constant(found) - gains) ** 2)
        loss = worth - tf.reduce_mean(tf.stack(logs) * returns)
    slopes = tape.gradient(loss, weights)
# %% a list that another function counts with
# fix: none/left-tensorflow
# becomes: guesses.append(tf.squeeze(critic(frame[None])))  # one number
# becomes: worth = tf.reduce_mean((tf.stack(found[:-1]) - gains[1:]) ** 2)
with tf.GradientTape() as tape:
    logs, found = play()
    better = np.array([float(a) for a in ahead(gains, found)])
    worth = tf.reduce_mean((tf.constant(found[:-1]) - gains[1:]) ** 2)
    loss = worth - tf.reduce_mean(tf.stack(logs) * better)
slopes = tape.gradient(loss, weights)
# %% an attribute of an object
# fix: none/left-tensorflow
# becomes: self.guesses.append(guess[0, 0])
# becomes: return tf.stack(self.logs), tf.stack(self.guesses)
with tf.GradientTape() as tape:
    memory = Memory()
    for frame in frames:
        memory.store(chosen(frame), critic(frame[None]))
    logs, found = memory.read()
    loss = tf.reduce_mean((found - gains) ** 2) - tf.reduce_mean(logs * gains)
slopes = tape.gradient(loss, weights)
# %% a comprehension
# fix: none/left-tensorflow
# becomes: found = [critic(frame[None])[0, 0] for frame in frames]
# becomes: worth = tf.reduce_mean(tf.abs(tf.stack(found) - gains))
with tf.GradientTape() as tape:
    found = [float(critic(frame[None])[0, 0]) for frame in frames]
    worth = tf.reduce_mean(tf.abs(tf.constant(found) - gains))
    loss = worth - tf.reduce_mean(tf.stack([chosen(frame) for frame in frames]))
slopes = tape.gradient(loss, weights)
# %% rows that are turned into columns
# fix: none/left-tensorflow
# becomes: rows.append((chosen(frame), critic(frame[None])[0, 0], gain))
# becomes: worth = tf.reduce_mean((tf.stack(found) - tf.constant(gained)) ** 2)
with tf.GradientTape() as tape:
    rows = []
    for frame, gain in zip(frames, gains):
        rows.append((chosen(frame), float(critic(frame[None])[0, 0]), gain))
    logs, found, gained = zip(*rows)
    worth = tf.reduce_mean((tf.constant(found) - tf.constant(gained)) ** 2)
    loss = worth - tf.reduce_mean(tf.stack(logs))
slopes = tape.gradient(loss, weights)
# %% by a name, and scaled
# fix: none/left-tensorflow
# becomes: guess = critic(frame[None])[0, 0]
# becomes: found.append(2.0 * guess)
# becomes: worth = tf.reduce_mean((tf.stack(found) - gains) ** 2)
def guesses_of():
    found = []
    for frame in frames:
        guess = float(critic(frame[None])[0, 0])
        found.append(2.0 * guess)
    return found
with tf.GradientTape() as tape:
    found = guesses_of()
    worth = tf.reduce_mean((tf.constant(found) - gains) ** 2)
    loss = worth - tf.reduce_mean(tf.stack([chosen(frame) for frame in frames]))
slopes = tape.gradient(loss, weights)
# %% an array of the list on the way
# fix: none/left-tensorflow
# becomes: guesses.append(tf.squeeze(critic(frame[None])))  # one number
# becomes: worth = tf.reduce_mean((tf.stack(found) - gains) ** 2)
with tf.GradientTape() as tape:
    logs, found = play()
    worth = tf.reduce_mean((tf.convert_to_tensor(np.array(found), dtype=tf.float32) - gains) ** 2)
    loss = worth - tf.reduce_mean(tf.stack(logs))
slopes = tape.gradient(loss, weights)
# %% near: NumPy computes with the list elsewhere
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    logs, found = play()
    missed = np.array(found) - gains
    worth = tf.reduce_mean(tf.constant(missed, tf.float32) ** 2)
    loss = worth - tf.reduce_mean(tf.stack(logs))
slopes = tape.gradient(loss, weights)
# %% near: no tape records the values
# none: none/left-tensorflow
found = []
for frame in frames:
    found.append(float(critic(frame[None])[0, 0]))
with tf.GradientTape() as tape:
    worth = tf.reduce_mean((tf.constant(found) - gains) ** 2)
    loss = worth - tf.reduce_mean(tf.stack([chosen(frame) for frame in frames]))
slopes = tape.gradient(loss, weights)
# %% near: it is not told which of the constants is meant
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    found = [float(critic(frame[None])[0, 0]) for frame in frames]
    old = tf.constant(found)
    new = tf.constant(found)
    worth = tf.reduce_mean((new - gains) ** 2 * tf.exp(old))
    loss = worth - tf.reduce_mean(tf.stack([chosen(frame) for frame in frames]))
slopes = tape.gradient(loss, weights)
