# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(77)
x, x_clean = tf.random.normal((16, 4)), tf.random.normal((8, 4))
y, y_clean = tf.reduce_sum(x, axis=1, keepdims=True), tf.reduce_sum(x_clean, axis=1, keepdims=True)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
descent, heavy = keras.optimizers.SGD(learning_rate=0.05), keras.optimizers.SGD(0.05, momentum=0.9)
importance, decay = tf.Variable(tf.ones((16, 1)), name="importance"), tf.Variable(0.01, name="decay")
def penalty():
    return tf.add_n([tf.reduce_sum(w ** 2) for w in model.trainable_variables])
class Reweighting:
    def __init__(self, net):
        self.net = net
        self.inner = keras.optimizers.SGD(0.1)
        self.importance = tf.Variable(tf.ones((16, 1)))
    def gradient(self):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = tf.reduce_mean(self.importance * (self.net(x) - y) ** 2)
            self.inner.apply(inner.gradient(loss, self.net.trainable_variables), self.net.trainable_variables)
            clean = tf.reduce_mean((self.net(x_clean, training=True) - y_clean) ** 2)
        return outer.gradient(clean, self.importance)
reweighting = Reweighting(model)
# %% weights of examples, and the step is taken back
# fix: none/state-assignment
# becomes: adapted = [v - descent.learning_rate * g for g, v in zip(grads, model.trainable_variables)]
# becomes: clean = tf.reduce_mean((model.stateless_call(adapted, model.non_trainable_variables, x_clean)[0] - y_clean) ** 2)
# gone: descent.apply_gradients(zip(grads, model.trainable_variables))
before = model.get_weights()
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        loss = tf.reduce_mean(importance * (model(x) - y) ** 2)
    grads = inner.gradient(loss, model.trainable_variables)
    descent.apply_gradients(zip(grads, model.trainable_variables))
    clean = tf.reduce_mean((model(x_clean) - y_clean) ** 2)
slope = outer.gradient(clean, importance)
model.set_weights(before)
# %% a learned weight decay, and the step stays
# fix: none/state-assignment
# becomes: adapted = [v - descent.learning_rate * g for g, v in zip(grads, model.trainable_variables)]
# becomes: descent.apply_gradients(zip(grads, model.trainable_variables))
def tune():
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = tf.reduce_mean((model(x) - y) ** 2) + decay * penalty()
        grads = inner.gradient(loss, model.trainable_variables)
        descent.apply_gradients(zip(grads, model.trainable_variables))
        clean = tf.reduce_mean((model(x_clean) - y_clean) ** 2)
    return outer.gradient(clean, decay)
for turn in range(2):
    slope = tune()
# %% in a method, by `apply`
# fix: none/state-assignment
# becomes: adapted = [v - self.inner.learning_rate * g for g, v in zip(grads, self.net.trainable_variables)]
# becomes: self.inner.apply(grads, self.net.trainable_variables)
# becomes: clean = tf.reduce_mean((self.net.stateless_call(adapted, self.net.non_trainable_variables, x_clean, training=True)[0] - y_clean) ** 2)
slope = reweighting.gradient()
# %% near: momentum keeps more than the weights
# none: none/discarded-result
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        loss = tf.reduce_mean(importance * (model(x) - y) ** 2)
    grads = inner.gradient(loss, model.trainable_variables)
    heavy.apply_gradients(zip(grads, model.trainable_variables))
    clean = tf.reduce_mean((model(x_clean) - y_clean) ** 2)
slope = outer.gradient(clean, importance)
# %% near: several steps, each from the one before
# none: none/state-assignment
with tf.GradientTape() as outer:
    for turn in range(3):
        with tf.GradientTape() as inner:
            loss = tf.reduce_mean(importance * (model(x) - y) ** 2)
        grads = inner.gradient(loss, model.trainable_variables)
        descent.apply_gradients(zip(grads, model.trainable_variables))
    clean = tf.reduce_mean((model(x_clean) - y_clean) ** 2)
slope = outer.gradient(clean, importance)
