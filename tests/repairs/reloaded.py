# %% setup
import keras
import tensorflow as tf
def build():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)])
class Experiment:
    def __init__(self, resume):
        self.model = build()
        self.params = self.model.trainable_variables  # to train
        self.optimizer = keras.optimizers.SGD(1e-3)
        if resume:
            self.model = keras.models.clone_model(self.model)
    def run(self, x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - self.model(x, training=True)))
        grads = tape.gradient(loss, self.params)
        self.optimizer.apply_gradients(zip(grads, self.params))
x, y = tf.random.normal((20, 5), seed=1), tf.random.normal((20, 1), seed=2)
model, student = build(), build()
variables = list(model.trainable_variables)
# %% a model that is loaded in the same method
# fix: none/different-object
# becomes: self.params = self.model.trainable_variables  # to train
experiment = Experiment(resume=True)
experiment.run(x, y)
# %% a model that is replaced in another cell
# fix: none/different-object
# becomes: variables = list(model.trainable_variables)
# gone: variables = list(student.trainable_variables)
model = keras.models.clone_model(model)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(y - model(x)))
grads = tape.gradient(loss, variables)
# %% near: another model, which is called by its own name
# fix: none/different-object
# becomes: grads = tape.gradient(loss, student.trainable_variables)
weights = model.trainable_variables
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(y - student(x)))
grads = tape.gradient(loss, model.trainable_variables)
