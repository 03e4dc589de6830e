import tensorflow as tf
import keras
w = tf.Variable([1.0, 2.0], name="w")
sgd = keras.optimizers.SGD(0.1)
# %% a rate of the first trace
rate = 0.0
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    w.assign_sub(rate * tape.gradient(loss, w))  # also: step/stale-capture
for _ in range(3):
    step()  # also: step/stale-capture
    rate = 0.1  # expect: step/stale-capture
# %% near: a rate in a variable
rate = tf.Variable(0.05)
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    w.assign_sub(rate * tape.gradient(loss, w))
for _ in range(3):
    step()
    rate.assign(0.1)
