import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))

class Gate(keras.Model):
    def __init__(self, deep):
        super().__init__()
        self.deep = deep
        self.a, self.b, self.out = layers.Dense(4, activation="tanh"), layers.Dense(4, activation="tanh"), layers.Dense(1)
        self.a.build((None, 4)), self.b.build((None, 4)), self.out.build((None, 4))
        self.built = True

    def call(self, inputs):
        h = self.a(inputs)
        if self.deep:  # expect: none/branch-not-taken
            h = self.b(h)  # also: none/branch-not-taken
        return self.out(h)

model = Gate(False)
# %% a flag of the model, own loop
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok none none ok ok
# %% a flag of the model, fit
# allow: step/silently-skipped
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)  # status: ok ok none none ok ok
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
w = tf.Variable(1.0, name="w")
b = tf.Variable(2.0, name="b")
x = tf.constant(3.0)
heads = [tf.Variable(float(i + 1), name=f"head{i}") for i in range(3)]
# %% eager cond
with tf.GradientTape() as tape:
    h = tf.cond(x > 5.0, lambda: b * x, lambda: w * x)  # expect: none/branch-not-taken
    loss = h ** 2
grads = tape.gradient(loss, [w, b])  # status: ok none
# %% eager switch
with tf.GradientTape() as tape:
    loss = tf.switch_case(tf.constant(1), [lambda: heads[0] * x, lambda: heads[1] * x, lambda: heads[2] * x])  # expect: none/branch-not-taken
grads = tape.gradient(loss, heads)  # status: none ok none
# %% a loop of no turns
with tf.GradientTape() as tape:
    loss = w * x
    for layer in []:  # expect: none/branch-not-taken
        loss = loss + b * layer  # also: none/branch-not-taken
grads = tape.gradient(loss, [w, b])  # status: ok none
# %% a conditional expression
use = False
with tf.GradientTape() as tape:
    loss = w * x + (b if use else 1.0)  # expect: none/branch-not-taken
grads = tape.gradient(loss, [w, b])  # status: ok none
# %% early return of a helper
def penalised(value, strength):
    if strength == 0.0:  # expect: none/branch-not-taken
        return value
    return value + strength * b ** 2  # also: none/branch-not-taken
with tf.GradientTape() as tape:
    loss = penalised(w * x, 0.0)
grads = tape.gradient(loss, [w, b])  # status: ok none
# %% a Python flag in a compiled step
@tf.function
def step(deep):
    with tf.GradientTape() as tape:
        h = w * x
        if deep:  # expect: none/branch-not-taken
            h = b * h  # also: none/branch-not-taken
        loss = h ** 2
    grads = tape.gradient(loss, [w, b])  # status: ok none
    return grads[0]
step(False)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])

def evaluate(model, x, y):
    return 0.25  # a stub that was never filled in
# %% a constant loss
with tf.GradientTape() as tape:
    pred = model(x)  # also: none/discarded-result
    loss = tf.constant(0.0)  # expect: none/constant-target or none/discarded-result
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none # also: none/constant-target
# %% the loss of the labels with themselves
with tf.GradientTape() as tape:
    pred = model(x)  # also: none/constant-target or none/discarded-result
    loss = tf.reduce_mean((y - y) ** 2)  # expect: none/constant-target or none/discarded-result
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none # also: none/constant-target
# %% the target is the label
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)  # also: none/discarded-result
grads = tape.gradient(y, model.trainable_variables)  # expect: none/constant-target or none/discarded-result
# %% a constant loss in a compiled step
@tf.function
def step():
    with tf.GradientTape() as tape:
        pred = model(x)  # also: none/discarded-result
        loss = tf.reduce_mean(tf.zeros_like(y) ** 2)  # expect: none/constant-target or none/discarded-result
    grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none # also: none/constant-target
    return loss
step()
# %% an integer target
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.cast(model(x) * 100.0, tf.int32))  # expect: none/non-float-dtype
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% the loss function of fit ignores the prediction
# raises: ValueError
# allow: error/no-gradients-provided
model.compile("sgd", lambda t, p: tf.reduce_mean(t ** 2, axis=-1))  # expect: none/constant-target or none/discarded-result or error/no-gradients-provided
model.fit(x, y, verbose=0)  # also: none/constant-target or none/discarded-result or error/no-gradients-provided
# %% setup
import tensorflow as tf
w = tf.Variable(1.5, name="w")
b = tf.Variable(0.5, name="b")

@tf.custom_gradient
def rounded(v, s):
    def grad(dy):
        return dy, None  # also: none/custom-gradient-none
    return tf.round(v / s) * s, grad  # also: none/custom-gradient-none

def fake_quant(v, s):
    return rounded(v, s)  # expect: none/custom-gradient-none
# %% custom gradient that leaves one input out
with tf.GradientTape() as tape:
    loss = fake_quant(w * 1.0, b * 1.0) ** 2
grads = tape.gradient(loss, [w, b])  # status: ok none
# %% custom gradient that leaves one input out, compiled
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = fake_quant(w * 1.0, b * 1.0) ** 2
    grads = tape.gradient(loss, [w, b])  # status: ok none
    return loss
step()
# %% an op with a gradient for some inputs only
with tf.GradientTape() as tape:
    loss = tf.math.betainc(w, 2.0, tf.sigmoid(b))  # expect: none/custom-gradient-none
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% polygamma's order
with tf.GradientTape() as tape:
    loss = tf.math.polygamma(w + 0.5, b + 1.0)  # expect: none/custom-gradient-none
grads = tape.gradient(loss, [w, b])  # status: none ok
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(5)

@tf.custom_gradient
def scaled(v, s):
    return v * s, lambda dy: (dy * s, None)  # also: none/custom-gradient-none

class Scale(keras.layers.Layer):
    def build(self, shape):
        self.s = self.add_weight(shape=(), initializer="ones", name="s")

    def call(self, inputs):
        return scaled(inputs, tf.convert_to_tensor(self.s))  # expect: none/custom-gradient-none

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), Scale(), keras.layers.Dense(1)])
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
# %% custom gradient in a layer, fit
# allow: step/silently-skipped
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)  # status: ok ok none ok ok
