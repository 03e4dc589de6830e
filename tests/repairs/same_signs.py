# %% setup
import keras
import tensorflow as tf
from keras import ops
keras.utils.set_random_seed(6)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
x, y = tf.random.normal((16, 5), seed=1), tf.random.normal((16, 1), seed=2)
def direction(y_true, y_pred):
    return 1.0 - tf.reduce_mean(tf.cast(tf.equal(tf.sign(y_true), tf.sign(y_pred)), tf.float32))
def turns(y_true, y_pred):
    truth = ops.sign(y_true[1:] - y_true[:-1])
    guess = ops.sign(y_pred[1:] - y_pred[:-1])
    wrong = ops.cast(ops.not_equal(truth, guess), "float32")
    return ops.mean(wrong)
# %% a loss for fit
# fix: none/non-differentiable-op
# becomes: return 1.0 - tf.reduce_mean(tf.sigmoid(tf.sign(y_true) * y_pred))
model.compile("sgd", direction)
model.fit(x, y, verbose=0)
# %% of differences, in a loop of one's own
# fix: none/non-differentiable-op
# becomes: wrong = ops.sigmoid(-truth * (y_pred[1:] - y_pred[:-1]))
with tf.GradientTape() as tape:
    loss = turns(y, model(x))
grads = tape.gradient(loss, model.trainable_variables)
# %% an operator
# fix: none/non-differentiable-op
# becomes: loss = -tf.reduce_mean(tf.sigmoid(tf.sign(y) * model(x)))
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(tf.cast(tf.sign(model(x)) == tf.sign(y), tf.float32))
grads = tape.gradient(loss, model.trainable_variables)
# %% near: no signs
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    loss = -tf.reduce_mean(tf.cast(tf.abs(model(x)) == tf.abs(y), tf.float32))
grads = tape.gradient(loss, model.trainable_variables)
# %% the name of the probability is given to itself
# fix: none/non-differentiable-op
# gone: p = tf.cast(p > 0.5, tf.float32)
def overlap(y_true, p):
    p = tf.cast(p > 0.5, tf.float32)
    return 1.0 - tf.reduce_sum(y_true * p) / (tf.reduce_sum(y_true) + tf.reduce_sum(p))
chances = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1, activation="sigmoid")])
with tf.GradientTape() as tape:
    loss = overlap(tf.cast(y > 0.0, tf.float32), chances(x))
grads = tape.gradient(loss, chances.trainable_variables)
