# %% setup
import keras
import tensorflow as tf
x = tf.random.normal((24, 5), seed=3)
y = tf.reduce_sum(x, axis=1, keepdims=True)
class Balanced:
    """Two terms, each with a precision of its own."""
    def __init__(self, start=0.0):
        self.log_fit = tf.Variable(start, name="log_fit")
        self.log_size = tf.Variable(start, name="log_size")
    def __call__(self, truth, guess):
        fit, size = tf.reduce_mean((truth - guess) ** 2), tf.reduce_mean(tf.abs(guess))
        return tf.exp(-self.log_fit) * fit + self.log_fit + tf.exp(-self.log_size) * size + self.log_size
def network():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
class Trainer:
    def __init__(self):
        self.net, self.loss, self.optimizer = network(), Balanced(), keras.optimizers.SGD(0.01)
    def step(self):
        with tf.GradientTape() as tape:
            error = self.loss(y, self.net(x))
        grads = tape.gradient(error, self.net.trainable_weights)
        self.update(grads)
    def update(self, grads):
        self.optimizer.apply_gradients(zip(grads, self.net.trainable_weights))
net, loss, optimizer = network(), Balanced(), keras.optimizers.SGD(0.01)
def step_with(criterion, variables):
    with tf.GradientTape() as tape:
        error = criterion(y, net(x))
    grads = tape.gradient(error, variables)
    optimizer.apply_gradients(zip(grads, variables))
log_one, log_two = tf.Variable(0.0, trainable=True, name="log_one"), tf.Variable(0.0, trainable=True, name="log_two")
def weighed(truth, guess):
    return tf.exp(-log_one) * tf.reduce_mean((truth - guess) ** 2) + log_one + tf.exp(-log_two) * tf.reduce_mean(tf.abs(guess)) + log_two
# %% two weights of an object that is the loss
# fix: step/untracked-variable
# becomes: grads = tape.gradient(error, [*net.trainable_variables, loss.log_fit, loss.log_size])
# becomes: optimizer.apply_gradients(zip(grads, [*net.trainable_variables, loss.log_fit, loss.log_size]))
for turn in range(3):
    with tf.GradientTape() as tape:
        error = loss(y, net(x))
    grads = tape.gradient(error, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% the list has a name, and the update spells it out
# fix: step/untracked-variable
# becomes: learned = [*net.trainable_variables, loss.log_fit, loss.log_size]
# becomes: optimizer.apply_gradients(zip(grads, [*net.trainable_weights, loss.log_fit, loss.log_size]))
learned = net.trainable_variables
for turn in range(3):
    with tf.GradientTape() as tape:
        error = loss(y, net(x))
    grads = tape.gradient(error, learned)
    optimizer.apply_gradients(zip(grads, net.trainable_weights))
# %% in a method, with the update in another one
# fix: step/untracked-variable
# becomes: grads = tape.gradient(error, [*self.net.trainable_weights, self.loss.log_fit, self.loss.log_size])
# becomes: self.optimizer.apply_gradients(zip(grads, [*self.net.trainable_weights, self.loss.log_fit, self.loss.log_size]))
trainer = Trainer()
for turn in range(3):
    trainer.step()
# %% a function is handed the list
# fix: step/untracked-variable
# becomes: step_with(loss, [*net.trainable_variables, loss.log_fit, loss.log_size])
for turn in range(3):
    step_with(loss, net.trainable_variables)
# %% a comprehension, and a step by hand
# fix: step/untracked-variable
# becomes: learned = [*[w for w in net.trainable_variables if w.shape], loss.log_fit, loss.log_size]
for turn in range(3):
    with tf.GradientTape() as tape:
        error = loss(y, net(x))
    learned = [w for w in net.trainable_variables if w.shape]
    for w, slope in zip(learned, tape.gradient(error, learned)):
        w.assign_sub(0.01 * slope)
# %% two names of the notebook
# fix: step/untracked-variable
# becomes: grads = tape.gradient(error, [*net.trainable_variables, log_one, log_two])
for turn in range(3):
    with tf.GradientTape() as tape:
        error = weighed(y, net(x))
    grads = tape.gradient(error, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% near: a loss that has no name outside of its function
# none: step/untracked-variable
def hidden():
    inner = Balanced()
    for turn in range(3):
        with tf.GradientTape() as tape:
            error = inner(y, net(x))
        grads = tape.gradient(error, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return inner
kept = hidden()
