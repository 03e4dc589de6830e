# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
x = tf.random.normal((8, 3))
net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
w = tf.Variable(2.0)
# %% of a model
# fix: error/gradient-shape-mismatch
# becomes: small.apply_gradients(zip(gradients, net.trainable_variables))  # once
small = keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(net(x) ** 2)
gradients = tape.gradient(loss, net.trainable_variables)
small.apply_gradients(gradients)  # once
# %% of one variable
# fix: error/gradient-shape-mismatch
# becomes: small.apply_gradients([(slope, w)])
small = keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = w**2
slope = tape.gradient(loss, w)
small.apply_gradients(slope)
# %% two lists, in a function
# fix: error/gradient-shape-mismatch
# becomes: optimizer.apply_gradients(zip(grads, model.trainable_weights))
def train(model, optimizer, data):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(data) ** 2)
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(grads, model.trainable_weights)
train(net, keras.optimizers.SGD(0.1), x)
# %% a list that is a parameter
# fix: error/gradient-shape-mismatch
# becomes: optimizer.apply_gradients(zip(grads, variables))
def step(variables, optimizer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(x) ** 2)
    grads = tape.gradient(loss, variables)
    optimizer.apply_gradients(grads)
step(net.trainable_variables, keras.optimizers.SGD(0.1))
