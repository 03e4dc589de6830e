# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
base = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(8)], name="base")
model = keras.Sequential([base, keras.layers.Dense(1)])
rows, wanted = tf.random.normal((32, 6), seed=1), tf.random.normal((32, 1), seed=2)
optimizer = keras.optimizers.Adam(1e-3)
def thaw(net):
    net.trainable = True
# %% set free between two trainings of a cell
# fix: step/stale-capture
# becomes: base.trainable = True
# becomes: model.compile(keras.optimizers.Adam(1e-3), "mse")
base.trainable = False
model.compile(keras.optimizers.Adam(1e-3), "mse")
model.fit(rows, wanted, verbose=0)
base.trainable = True
history = model.fit(rows, wanted, verbose=0)
# %% by a function, with an optimizer that has a name
# fix: step/stale-capture
# becomes: thaw(base)
# becomes: model.compile(loss="mse", optimizer=optimizer.from_config(optimizer.get_config()))
base.trainable = False
model.compile(loss="mse", optimizer=optimizer)
model.fit(rows, wanted, verbose=0)
thaw(base)
model.fit(rows, wanted, epochs=2, verbose=0)
# %% frozen behind a training
# fix: step/stale-capture
# becomes: layer.trainable = False
# becomes: model.compile("sgd", "mse", metrics=["mae"])
model.compile("sgd", "mse", metrics=["mae"])
model.fit(rows, wanted, verbose=0)
for layer in base.layers:
    layer.trainable = False
model.train_on_batch(rows, wanted)
# %% near: compiled with an optimizer that only a function knows
# none: step/stale-capture
def prepare(rate):
    model.compile(keras.optimizers.Adam(rate), "mse")
base.trainable = False
prepare(1e-3)
model.fit(rows, wanted, verbose=0)
base.trainable = True
model.fit(rows, wanted, verbose=0)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
base = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(8)], name="base")
base.trainable = False
model = keras.Sequential([base, keras.layers.Dense(1)])
rows, wanted = tf.random.normal((32, 6), seed=1), tf.random.normal((32, 1), seed=2)
model.compile("adam", "mse")
history = model.fit(rows, wanted, verbose=0)
opt = keras.optimizers.SGD(0.1)
@tf.function
def step(rows, wanted):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(rows) - wanted) ** 2)
    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss
step(rows, wanted)
# %% trained in an earlier cell
# fix: step/stale-capture
# becomes: base.trainable = True
# becomes: model.compile("adam", "mse")
base.trainable = True
history = model.fit(rows, wanted, epochs=2, verbose=0)
# %% a part of it, trained in an earlier cell
# fix: step/stale-capture
# becomes: model.compile("adam", "mse")
base.trainable = True
for layer in base.layers[:-1]:
    layer.trainable = False
history = model.fit(rows, wanted, epochs=2, verbose=0)
# %% a step of their own, traced in an earlier cell
# fix: step/stale-capture
# becomes: opt = opt.from_config(opt.get_config())
# becomes: step = tf.function(step.python_function)
base.trainable = True
step(rows, wanted)
