# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
x = tf.random.normal((24, 3), seed=3)
y = tf.reduce_sum(x, axis=1, keepdims=True)
body, head = keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)
head(body(x))
def error_of():
    return tf.reduce_mean((head(body(x)) - y) ** 2)
class Staged:
    def __init__(self, rate=0.01):
        # the first stage
        self.adam = keras.optimizers.Adam(rate)
    def warm_up(self):
        for turn in range(2):
            with tf.GradientTape() as tape:
                error = error_of()
            self.adam.apply_gradients(zip(tape.gradient(error, head.trainable_variables), head.trainable_variables))
    def refine(self, turns=2):
        for turn in range(turns):
            with tf.GradientTape() as tape:
                error = error_of()
            # all of it
            learned = head.trainable_variables + body.trainable_variables
            self.adam.apply_gradients(zip(tape.gradient(error, learned), learned))
class Shared:
    def __init__(self):
        self.adam = keras.optimizers.Adam(0.01)
    def step(self, learned):
        with tf.GradientTape() as tape:
            error = error_of()
        self.adam.apply_gradients(zip(tape.gradient(error, learned), learned))
    def run(self):
        self.step(head.trainable_variables)
        self.step(body.trainable_variables)
def trained(learned, mover, turns=2):
    for turn in range(turns):
        with tf.GradientTape() as tape:
            error = error_of()
        mover.apply_gradients(zip(tape.gradient(error, learned), learned))
def moved(learned):
    """Some steps."""
    for turn in range(2):
        with tf.GradientTape() as tape:
            error = error_of()
        sgd.apply_gradients(zip(tape.gradient(error, learned), learned))
adam, sgd = keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.1, momentum=0.9)
# %% the second method of a class
# fix: error/unknown-variable
# becomes: self.adam = keras.optimizers.Adam(rate)
# becomes: self.second_adam = keras.optimizers.Adam(rate)
# becomes: self.second_adam.apply_gradients(zip(tape.gradient(error, learned), learned))
staged = Staged()
staged.warm_up()
staged.refine()
# %% a function that is handed the optimizer
# fix: error/unknown-variable
# becomes: trained(head.trainable_variables, adam)
# becomes: trained(body.trainable_variables, keras.optimizers.Adam(0.01))
trained(head.trainable_variables, adam)
trained(body.trainable_variables, adam)
# %% a function that is handed the optimizer, in a loop
# fix: error/unknown-variable
# becomes: trained(layer.trainable_variables, mover=keras.optimizers.Adam(0.01))
for layer in (head, body):
    trained(layer.trainable_variables, mover=adam)
# %% a function that reads the optimizer
# fix: error/unknown-variable
# becomes: sgd = keras.optimizers.SGD(0.1, momentum=0.9)
moved(head.trainable_variables)
moved(body.trainable_variables)
# %% a loop over the parts
# fix: error/unknown-variable
# becomes: mover = keras.optimizers.Adam(0.01)
mover = keras.optimizers.Adam(0.01)
for part in [head, body]:
    learned = part.trainable_variables
    for turn in range(2):
        with tf.GradientTape() as tape:
            error = error_of()
        mover.apply_gradients(zip(tape.gradient(error, learned), learned))
# %% two loops, one behind the other
# fix: error/unknown-variable
# becomes: body_mover = keras.optimizers.Adam(0.01)
mover = keras.optimizers.Adam(0.01)
for turn in range(2):
    with tf.GradientTape() as tape:
        error = error_of()
    mover.apply_gradients(zip(tape.gradient(error, head.trainable_variables), head.trainable_variables))
for turn in range(2):
    with tf.GradientTape() as tape:
        error = error_of()
    mover.apply_gradients(zip(tape.gradient(error, body.trainable_variables), body.trainable_variables))
# %% near: a method that both stages go through
# none: error/unknown-variable
shared = Shared()
shared.run()
# %% near: a step that is called turn after turn
# none: error/unknown-variable
def one_step(learned):
    with tf.GradientTape() as tape:
        error = error_of()
    sgd.apply_gradients(zip(tape.gradient(error, learned), learned))
for turn in range(2):
    one_step(head.trainable_variables)
for turn in range(2):
    one_step(body.trainable_variables)
