import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
w = tf.Variable([1.0, 2.0, 2.0], name="w")

def make():
    return keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="tanh"), layers.Dense(1)])

model = make()
optimizer = keras.optimizers.Adam(1e-3)
# %% set of values
# raises: LookupError
with tf.GradientTape() as tape:
    values, index = tf.unique(w)  # expect: error/no-gradient-registered
    loss = tf.reduce_sum(values)
grad = tape.gradient(loss, w)  # status: error # also: error/no-gradient-registered
# %% glimpses of an image
# raises: LookupError
with tf.GradientTape() as tape:
    h = model.layers[0](x)
    parts = tf.image.extract_glimpse(tf.reshape(h, (1, 16, 3, 1)), (4, 2), tf.zeros((1, 2)))  # expect: error/no-gradient-registered
    loss = tf.reduce_sum(parts)
grads = tape.gradient(loss, model.layers[0].trainable_variables)  # also: error/no-gradient-registered
# %% both losses on one tape
# raises: RuntimeError
other = make()
with tf.GradientTape() as tape:
    a = tf.reduce_mean((model(x) - y) ** 2)
    b = tf.reduce_mean((other(x) - y) ** 2)
ga = tape.gradient(a, model.trainable_variables)
gb = tape.gradient(b, other.trainable_variables)  # expect: error/tape-used-twice
# %% a gradient per variable
# raises: RuntimeError
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
for variable in model.trainable_variables:
    g = tape.gradient(loss, variable)  # expect: error/tape-used-twice
# %% twice in a compiled step
# raises: RuntimeError
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    first = tape.gradient(loss, model.trainable_variables[:2])
    return tape.gradient(loss, model.trainable_variables[2:])  # expect: error/tape-used-twice
step()
# %% gradients of the graph API
# raises: RuntimeError
loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tf.gradients(loss, model.trainable_variables)  # expect: error/graph-api-in-eager
# %% hessians of the graph API
# raises: RuntimeError
loss = tf.reduce_sum(w ** 2)
h = tf.hessians(loss, w)  # expect: error/graph-api-in-eager
# %% only None for the optimizer
# raises: ValueError
# allow: none/non-differentiable-op none/stop-gradient
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.cast(model(x) > 0, tf.float32))  # also: error/no-gradients-provided
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
optimizer.apply_gradients(zip(grads, model.trainable_variables))  # expect: error/no-gradients-provided
# %% one optimizer for two models
# raises: ValueError
# allow: step/gradients-not-applied
other = make()
for net in (model, other):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))  # expect: error/unknown-variable
# %% unfrozen after the optimizer was built
# raises: ValueError
# allow: step/gradients-not-applied
model.layers[0].trainable = False
opt = keras.optimizers.SGD(0.1)
for phase in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(grads, model.trainable_variables))  # expect: error/unknown-variable
    model.layers[0].trainable = True  # also: error/unknown-variable
# %% the loss is a number
# raises: TypeError
with tf.GradientTape() as tape:
    loss = float(tf.reduce_mean((model(x) - y) ** 2))  # also: error/target-not-recorded or none/left-tensorflow
grads = tape.gradient(loss, model.trainable_variables)  # expect: error/target-not-recorded or none/left-tensorflow
# %% the loss is an array
# raises: AttributeError
with tf.GradientTape() as tape:
    loss = np.mean((model(x).numpy() - y.numpy()) ** 2)  # also: error/target-not-recorded or none/left-tensorflow
grads = tape.gradient(loss, model.trainable_variables)  # expect: error/target-not-recorded or none/left-tensorflow
# %% the source is a model
# raises: AttributeError
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model)  # expect: error/source-not-tensor
# %% the sources are layers
# raises: AttributeError
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.layers)  # expect: error/source-not-tensor
# %% the sources are names
# raises: TypeError
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, [v.name for v in model.trainable_variables])  # expect: error/source-not-tensor
# %% a symbolic source
# raises: AttributeError
with tf.GradientTape() as tape:
    score = tf.reduce_sum(model(x))
grads = tape.gradient(score, model.layers[0].output)  # expect: error/source-not-tensor
# %% custom gradient with one gradient for two inputs
# raises: ValueError
@tf.custom_gradient
def mix(a, b):
    return a * b, lambda dy: dy * b  # expect: error/gradient-shape-mismatch
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(mix(w * 1.0, w * 2.0))  # also: error/gradient-shape-mismatch
grad = tape.gradient(loss, w)  # also: error/gradient-shape-mismatch
# %% gradients of one model applied to another
# raises: InvalidArgumentError
# allow: step/gradients-zipped-out-of-order step/gradients-not-applied
small = keras.Sequential([keras.Input((4,)), layers.Dense(2), layers.Dense(1)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
keras.optimizers.SGD(0.1).apply_gradients(zip(grads, small.trainable_variables))  # expect: error/gradient-shape-mismatch or step/gradients-zipped-out-of-order
# %% fit without a loss
# raises: ValueError
model.compile("adam")  # expect: error/no-loss
model.fit(x, y, verbose=0)  # also: error/no-loss
# %% an empty list for the optimizer
# raises: ValueError
for layer in model.layers:
    layer.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # also: error/no-loss
optimizer.apply_gradients(zip(grads, model.trainable_variables))  # expect: error/no-loss or error/no-gradients-provided
# %% near: a persistent tape in a loop
with tf.GradientTape(persistent=True) as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
norms = [float(tf.norm(tape.gradient(loss, v))) for v in model.trainable_variables]
# %% near: an exception of the user's own
# raises: KeyError
settings = {}
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
rate = settings["rate"]
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
# %% file training.py
import tensorflow as tf

def train(model, optimizer, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    norms = [tf.norm(g) for g in tape.gradient(loss, model.trainable_variables)]
    grads = tape.gradient(loss, model.trainable_variables)  # expect: error/tape-used-twice
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    return norms
# %% a tape used twice in an imported file
# raises: RuntimeError
from training import train
train(model, optimizer, x, y)
