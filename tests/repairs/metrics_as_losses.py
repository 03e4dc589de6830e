# %% setup
import keras
import numpy as np
import tensorflow as tf
rng = np.random.default_rng(8)
visits = rng.normal(size=(40, 6)).astype("float32")
bought = (visits[:, :1] > 0.2).astype("float32")
recall = keras.metrics.Recall(thresholds=0.4)
def missed(truth, guessed):
    recall.update_state(truth, guessed)
    return -recall.result()
def unsure(truth, guessed):
    area = keras.metrics.AUC(num_thresholds=20)
    area.update_state(truth, guessed)
    return 1.0 - area.result()
def network(*last):
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(5, activation="tanh"), *last])
# %% in compile, beside other metrics
# fix: none/state-assignment
# becomes: net.compile("sgd", loss="binary_crossentropy", metrics=["accuracy", recall])
net = network(keras.layers.Dense(1, "sigmoid"))
net.compile("sgd", loss=missed, metrics=["accuracy"])
try:
    net.fit(visits, bought, epochs=1, verbose=0)
except ValueError as error:
    print(error)
# %% an output that is no probability
# fix: none/state-assignment
# becomes: return tf.reduce_mean(keras.losses.binary_crossentropy(truth, guessed, from_logits=True))
net = network(keras.layers.Dense(1))
net.compile("sgd", loss=missed)
try:
    net.fit(visits, bought, epochs=1, verbose=0)
except ValueError as error:
    print(error)
# %% metrics that have a name
# fix: none/state-assignment
# becomes: return tf.reduce_mean(keras.losses.binary_crossentropy(truth, guessed))
looked_at = ["accuracy"]
net = network(keras.layers.Dense(1, activation="sigmoid"))
net.compile("sgd", loss=missed, metrics=looked_at)
try:
    net.fit(visits, bought, epochs=1, verbose=0)
except ValueError as error:
    print(error)
# %% made where it is updated
# fix: none/state-assignment
# becomes: net.compile("sgd", "binary_crossentropy", run_eagerly=True, metrics=[keras.metrics.AUC(num_thresholds=20)])
net = network(keras.layers.Dense(1, activation="sigmoid"))
net.compile("sgd", unsure, run_eagerly=True)
try:
    net.fit(visits, bought, epochs=1, verbose=0)
except ValueError as error:
    print(error)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(3)
inputs, outputs = tf.random.normal((12, 4)), tf.random.normal((12, 1))
line = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
mse = keras.metrics.MeanSquaredError()
running = keras.metrics.Mean()
# %% a metric of the name of a loss, updated and read
# fix: none/state-assignment
# becomes: loss = keras.losses.MeanSquaredError()(outputs, line(inputs))
# stays: mse.update_state(outputs, line(inputs))
with tf.GradientTape() as tape:
    mse.update_state(outputs, line(inputs))
    loss = mse.result()
grads = tape.gradient(loss, line.trainable_variables)
# %% a running mean that is called
# fix: none/state-assignment
# becomes: loss = tf.reduce_mean(tf.square(outputs - line(inputs)))
# becomes: running.update_state(loss)
with tf.GradientTape() as tape:
    loss = running(tf.square(outputs - line(inputs)))
grads = tape.gradient(loss, line.trainable_variables)
