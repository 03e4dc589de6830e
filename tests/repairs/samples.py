# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
policy = keras.Sequential([keras.Input((3,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(2)])
log_std = tf.Variable([-0.5, -0.5], name="log_std")
obs, rewards = tf.random.normal((32, 3)), tf.random.normal((32,))
def log_prob(action, mean):
    z = (action - mean) / tf.exp(log_std)
    return tf.reduce_sum(-0.5 * tf.square(z) - log_std, axis=-1)
def step():
    with tf.GradientTape() as tape:
        mean = policy(obs)
        action = mean + tf.exp(log_std) * tf.random.normal(tf.shape(mean), seed=1)
        loss = -tf.reduce_mean(log_prob(action, mean) * rewards)
    return tape.gradient(loss, policy.trainable_variables)
# %% the density of a sample that moves along
# fix: zero/stationary-point
# becomes: action = tf.stop_gradient(mean + tf.exp(log_std) * tf.random.normal(tf.shape(mean), seed=1))
grads = step()
# %% the same in the cell
# fix: zero/stationary-point
# becomes: action = tf.stop_gradient(tf.random.normal((32, 2), seed=2) * 0.3 + mean)
with tf.GradientTape() as tape:
    mean = policy(obs)
    action = tf.random.normal((32, 2), seed=2) * 0.3 + mean
    density = -0.5 * tf.reduce_sum(tf.square((action - mean) / 0.3), axis=-1)
    loss = -tf.reduce_mean(density * rewards)
grads = tape.gradient(loss, policy.trainable_variables)
# %% the noise is handed to the loss
# fix: zero/stationary-point
# becomes: action = tf.stop_gradient(mean + 0.5 * noise)
def loss_of(states, noise):
    mean = policy(states)
    action = mean + 0.5 * noise
    density = -0.5 * tf.reduce_sum(tf.square((action - mean) / 0.5), axis=-1)
    return -tf.reduce_mean(density * rewards)
noise = tf.random.normal((32, 2), seed=2)
with tf.GradientTape() as tape:
    loss = loss_of(obs, noise)
grads = tape.gradient(loss, policy.trainable_variables)
# %% near: the entropy of a sample, weighed by nothing
# none: zero/stationary-point
noise = tf.random.normal((32, 2), seed=2)
with tf.GradientTape() as tape:
    mean = policy(obs)
    z = mean + tf.exp(log_std) * noise
    density = -0.5 * tf.square((z - mean) / tf.exp(log_std)) - log_std
    loss = tf.reduce_mean(density)
grads = tape.gradient(loss, [*policy.trainable_variables, log_std])
# %% a sample that a method gives, and a density in another
# fix: zero/stationary-point
# becomes: loss = -tf.reduce_mean(agent.density(mean, tf.stop_gradient(action)) * rewards)
class Agent:
    def act(self, states):
        mean = policy(states)
        return mean, mean + 0.5 * tf.random.normal(tf.shape(mean), seed=1)
    def density(self, mean, action):
        return tf.reduce_sum(-0.5 * tf.square((action - mean) * 2.0), axis=-1)
agent = Agent()
with tf.GradientTape() as tape:
    mean, action = agent.act(obs)
    loss = -tf.reduce_mean(agent.density(mean, action) * rewards)
grads = tape.gradient(loss, policy.trainable_variables)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(30)
head = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
spread = tf.Variable([0.3])
places = tf.random.normal((10, 3))
class Bell:
    def __init__(self, centre, width):
        self.centre, self.width = centre, width
    def draw(self):
        return self.centre + self.width * tf.random.normal(tf.shape(self.centre))
    def log_density(self, value):
        return -0.5 * tf.square((value - self.centre) / self.width) - tf.math.log(self.width)
# %% drawn and judged by one object
# fix: zero/stationary-point
# becomes: moves = tf.stop_gradient(bell.draw())
with tf.GradientTape() as tape:
    bell = Bell(head(places), tf.exp(spread))
    moves = bell.draw()
    gains = -tf.abs(tf.stop_gradient(moves) - 1.0)
    cost = -tf.reduce_mean(bell.log_density(moves) * gains)
grads = tape.gradient(cost, [*head.trainable_variables, spread])
