# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
class Scorer(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(5, activation="relu")
        self.out = keras.layers.Dense(2)
    def call(self, x):
        return self.out(self.hidden(x))
scorer = Scorer()
kernel, bias = tf.Variable(tf.random.normal((4, 2))), tf.Variable(tf.zeros(2))
x, y = tf.random.normal((8, 4)), tf.random.normal((8, 2))
weights = [kernel, bias]
def affine(x):
    product = x @ kernel
    return product + bias
def predict(x):
    """What `affine` gives, between -1 and 1."""
    return tf.tanh(affine(x))
def learn(predictions, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((predictions - y) ** 2)
    return tape.gradient(loss, scorer.trainable_variables)
def learn_here(x, y):
    shown = predict(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((shown - y) ** 2)
    return tape.gradient(loss, weights)
# %% a model is called in the loop, and the step is handed what it gives
for _ in range(2):
    predictions = scorer(x)
    grads = learn(predictions, y)
# fix: none/outside-tape
# gone: grads = learn(predictions, y)
# %% functions that call each other, above the tape
with tf.GradientTape(persistent=True) as other:
    pass
shown = predict(x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((shown - y) ** 2)
grads = tape.gradient(loss, weights)
# fix: none/outside-tape
# becomes: shown = predict(x)
# %% in the function with the tape
grads = learn_here(x, y)
# fix: none/outside-tape
# becomes: shown = predict(x)
