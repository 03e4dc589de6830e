# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
policy = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(2)])
obs, gain = tf.random.normal((32, 3)), tf.random.normal((32,))
acts = tf.random.uniform((32,), 0, 2, tf.int32)
def log_prob(logits, chosen):
    return -tf.nn.sparse_softmax_cross_entropy_with_logits(labels=chosen, logits=logits)
def surrogate(logp, logp_old, weight):
    ratio = tf.exp(logp - logp_old)
    return -tf.reduce_mean(tf.minimum(ratio * weight, tf.clip_by_value(ratio, 0.8, 1.2) * weight))
# %% the old probabilities by the same network
# fix: zero/stationary-point
# becomes: logp_old = tf.stop_gradient(log_prob(policy(obs), acts))
with tf.GradientTape() as tape:
    logp = log_prob(policy(obs), acts)
    logp_old = log_prob(policy(obs), acts)
    loss = surrogate(logp, logp_old, gain)
grads = tape.gradient(loss, policy.trainable_variables)
# %% a copy of the new ones in a method
# fix: zero/stationary-point
# becomes: previous = tf.stop_gradient(tf.identity(current))  # from the last step
class Learner:
    def __init__(self, net):
        self.net = net
    def step(self, seen, chosen):
        with tf.GradientTape() as tape:
            current = tf.gather(tf.nn.softmax(self.net(seen)), chosen, batch_dims=1)
            previous = tf.identity(current)  # from the last step
            loss = -tf.reduce_mean(current / previous * gain)
        return tape.gradient(loss, self.net.trainable_variables)
grads = Learner(policy).step(obs, acts)
# %% the new ones are handed in as the old ones
# fix: zero/stationary-point
# becomes: loss = surrogate(now, tf.stop_gradient(now), gain)
def epoch(net):
    with tf.GradientTape() as tape:
        now = log_prob(net(obs), acts)
        loss = surrogate(now, now, gain)
    return tape.gradient(loss, net.trainable_variables)
for turn in range(2):
    grads = epoch(policy)
# %% the ratio of a name to itself
# fix: zero/stationary-point
# becomes: loss = -tf.reduce_mean(tf.exp(now - tf.stop_gradient(now)) * gain)
with tf.GradientTape() as tape:
    now = log_prob(policy(obs), acts)
    loss = -tf.reduce_mean(tf.exp(now - now) * gain)
grads = tape.gradient(loss, policy.trainable_variables)
# %% a network with two heads in a loss of its own
# fix: zero/stationary-point
# becomes: old_logits = tf.stop_gradient(old_logits)
trunk = keras.Input((3,))
hidden = keras.layers.Dense(6, activation="tanh")(trunk)
both = keras.Model(trunk, [keras.layers.Dense(2)(hidden), keras.layers.Dense(1)(hidden)])
@tf.function
def update(states):
    with tf.GradientTape() as tape:
        old_logits, old_worth = both(states)
        logits, worth = both(states)
        loss = surrogate(log_prob(logits, acts), log_prob(old_logits, acts), gain) + 0.0 * tf.reduce_sum(worth)
    return tape.gradient(loss, both.trainable_variables)
grads = update(obs)
# %% inside of fit
# fix: zero/stationary-point
# becomes: ref = tf.stop_gradient(self(seen, training=True))
class Tuned(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(2)
    def call(self, seen, training=False):
        return self.inner(seen)
    def train_step(self, data):
        seen, chosen = data
        with tf.GradientTape() as tape:
            out = self(seen, training=True)
            ref = self(seen, training=True)
            loss = tf.reduce_mean(-tf.exp(log_prob(out, chosen) - log_prob(ref, chosen)) * tf.reduce_sum(seen, axis=1))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}
tuned = Tuned()
tuned.compile("sgd")
tuned.fit(obs, acts, epochs=1, verbose=0)
# %% nothing says which of the two is the old one
# none: zero/stationary-point
with tf.GradientTape() as tape:
    one = log_prob(policy(obs), acts)
    two = log_prob(policy(obs), acts)
    loss = -tf.reduce_mean(tf.exp(one - two) * gain)
grads = tape.gradient(loss, policy.trainable_variables)
# %% the old ones are of other states
# none: zero/stationary-point
level = tf.Variable(0.5)
def logit(seen):
    return level + tf.reduce_sum(seen, axis=1)
with tf.GradientTape() as tape:
    seen = obs
    logp_old = logit(seen)
    seen = obs[::-1]
    logp = logit(seen)
    loss = tf.reduce_sum(logp - logp_old)
grad = tape.gradient(loss, level)
