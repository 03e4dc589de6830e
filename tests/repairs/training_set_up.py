# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
optimizer = keras.optimizers.SGD(0.1)
body = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(3)])
def train(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
def frozen(size):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(size, activation="relu"), keras.layers.Dense(1)])
    for part in made.layers:
        part.trainable = False
    return made
# %% a loop that freezes the new layer as well
# fix: error/no-loss
# becomes: for layer in body.layers:
# gone: for layer in model.layers:
model = keras.Sequential([keras.Input((4,)), body, keras.layers.Dense(1)])
for layer in model.layers:
    layer.trainable = False
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)
optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% a function that freezes every layer
# fix: error/no-loss
# becomes: for part in made.layers[:-1]:
net = frozen(5)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
optimizer.apply_gradients(zip(tape.gradient(loss, net.trainable_weights), net.trainable_weights))
# %% a list that is empty for another reason
# none: error/no-loss
for layer in body.layers:
    layer.trainable = False
head = keras.layers.Activation("tanh")
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((head(x) - y) ** 2)
optimizer.apply_gradients(zip(tape.gradient(loss, head.trainable_variables), head.trainable_variables))
# %% a warm-up in whole numbers
# fix: step/update-without-effect
# becomes: callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * ((epoch + 1) / 4))]
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse")
callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * (epoch // 4))]
model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
# %% a rate that is assigned in whole numbers
# fix: step/update-without-effect
# becomes: part = (turn + 1) / 10
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
for turn in range(3):
    part = (turn + 1) // 10
    optimizer.learning_rate = 0.1 * part
    train(model)
# %% a rate that a condition makes 0
# none: step/update-without-effect
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse")
callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0 if epoch < 4 else 0.01 * 0.5 ** (epoch // 4))]
model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
