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
