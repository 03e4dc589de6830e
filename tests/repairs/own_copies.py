# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
states, goals = tf.random.normal((12, 4)), tf.random.normal((12, 2))
optimizer = keras.optimizers.SGD(0.05)
inputs = keras.Input((4,))
values = keras.layers.Dense(2)(keras.layers.Dense(5, activation="tanh")(inputs))
# the one that learns
online = keras.Model(inputs, values)
# the one that stays behind
behind = keras.Model(inputs=inputs, outputs=values)  # for the targets
class Agent:
    def __init__(self, net):
        self.net = net
        self.model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        self.target = self.model
    def learn(self):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.model(states) - goals - 0.9 * self.target(states)))
        grads = tape.gradient(loss, self.model.trainable_variables)
        optimizer.apply_gradients(zip(grads, self.model.trainable_variables))
    def follow(self):
        self.target.set_weights(self.model.get_weights())
agent = Agent(online)
def learn(net, goal):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(net(states) - goal))
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% of the same layers
# fix: step/trained-another-object
# becomes: behind = keras.models.clone_model(online)  # for the targets
# becomes: behind.set_weights(online.get_weights())
for step in range(6):
    learn(online, goals + 0.9 * behind(states))
    if step % 2:
        behind.set_weights(online.get_weights())
# %% the same model under another name
# fix: step/trained-another-object
# becomes: other = keras.models.clone_model(online)
# becomes: other.set_weights(online.get_weights())
other = online
for step in range(6):
    learn(online, goals + 0.9 * other(states))
    other.set_weights(online.get_weights())
# %% in attributes
# fix: step/trained-another-object
# becomes: self.target = keras.models.clone_model(self.model)
# becomes: self.target.set_weights(self.model.get_weights())
for step in range(4):
    agent.learn()
    agent.follow()
# %% near: nobody knows how the model is put together
# none: step/trained-another-object
class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(2)
    def call(self, x):
        return self.dense(x)
net = Own()
copy = net
for step in range(4):
    learn(net, goals + 0.9 * copy(states))
    copy.set_weights(net.get_weights())
