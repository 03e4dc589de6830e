# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(4)
walks, grades = 4.0 * tf.cumsum(tf.random.normal((8, 90, 2)), axis=1), tf.random.uniform((8,), 0, 3, tf.int32)
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
steep = "relu"
def of(*parts):
    return keras.Sequential([keras.Input((90, 2)), *parts, layers.Dense(3)])
def slopes(net):
    with tf.GradientTape() as tape:
        loss = criterion(grades, net(walks, training=True))
    return tape.gradient(loss, net.trainable_variables)
# %% two layers of their own
# fix: scale/exploding-through-depth
# becomes: first = layers.LSTM(32, return_sequences=True)
# becomes: second = layers.LSTM(24)
first = layers.LSTM(32, activation="relu", return_sequences=True)
second = layers.LSTM(24, activation="relu")
grads = slopes(of(first, second))
# %% in the class of a model, the activation by a name
# fix: scale/exploding-through-depth
# becomes: self.memory = layers.LSTM(48)
class Reader(keras.Model):
    def __init__(self):
        super().__init__()
        self.spread = layers.Dense(6)
        self.memory = layers.LSTM(48, activation=steep)
        self.out = layers.Dense(3)
    def call(self, x):
        return self.out(self.memory(self.spread(x)))
grads = slopes(Reader())
# %% a plain recurrence that begins with large weights
# fix: scale/exploding-through-depth
# becomes: plain = layers.SimpleRNN(16)
plain = layers.SimpleRNN(16, activation=tf.nn.relu, recurrent_initializer="he_normal")
grads = slopes(of(plain))
# %% in both directions, by its place
# fix: scale/exploding-through-depth
# becomes: pair = layers.Bidirectional(layers.LSTM(32, "tanh", return_sequences=True))
pair = layers.Bidirectional(layers.LSTM(32, "relu", return_sequences=True))
grads = slopes(of(pair, layers.LSTM(24)))
# %% cells of their own, in fit
# fix: scale/exploding-through-depth
# becomes: net = of(layers.RNN([layers.LSTMCell(32), layers.LSTMCell(32)]))
net = of(layers.RNN([layers.LSTMCell(32, activation="elu"), layers.LSTMCell(32, activation="elu")]))
net.compile("sgd", criterion, run_eagerly=True)
net.fit(walks, grades, epochs=1, verbose=0)
# %% an activation that the user wrote
# none: scale/exploding-through-depth
net = of(layers.LSTM(32, activation=lambda h: 1.5 * tf.nn.relu(h)))
grads = slopes(net)
