# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(11)
maker = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
judge = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
opt, opt_2 = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
noise, real = tf.random.normal((4, 2)), tf.random.normal((4, 3))
class Walker:
    def __init__(self):
        self.policy, self.kept, self.rewards = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]), [], []
    def act(self, state):
        logits = self.policy(state)
        self.kept.append(tf.nn.log_softmax(logits)[0, 1])
        self.rewards.append(1.0)
    def update(self):
        returns = np.cumsum(np.arange(len(self.rewards)) + 1.0).astype("float32")
        with tf.GradientTape() as tape:
            loss = -tf.reduce_sum(tf.stack(self.kept) * returns)
        return tape.gradient(loss, self.policy.trainable_variables)
# %% a line that the first tape reads too is copied into the second
# fix: none/outside-tape
# becomes: fake = maker(noise)
# becomes: with tf.GradientTape() as tape_2:
def step():
    fake = maker(noise)
    with tf.GradientTape() as tape:
        first = tf.reduce_mean(judge(fake) ** 2)
    opt.apply(tape.gradient(first, judge.trainable_variables), judge.trainable_variables)
    with tf.GradientTape() as tape_2:
        loss = tf.reduce_mean((judge(fake) - 1.0) ** 2)
    grads = tape_2.gradient(loss, maker.trainable_variables)
    opt_2.apply(grads, maker.trainable_variables)
step()
# %% a line that nothing else reads is moved
# fix: none/outside-tape
# becomes: guess = judge(maker(noise))
def step():
    guess = judge(maker(noise))
    shape = real.shape
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((guess - 1.0) ** 2)
    opt.apply(tape.gradient(loss, judge.trainable_variables), judge.trainable_variables)
step()
# %% a line whose input changes in between stays where it is
# none: none/outside-tape
z = noise
guess = judge(maker(z))
z = z + 1.0
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((guess - 1.0) ** 2)
grads = tape.gradient(loss, judge.trainable_variables)
# %% values collected while acting are not repaired by a line beside the tape
# none: none/outside-tape
walker = Walker()
for _ in range(3):
    walker.act(noise[:1])
grads = walker.update()
