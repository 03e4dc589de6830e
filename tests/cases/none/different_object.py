import tensorflow as tf
import keras

def make():
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="out")])

net, twin = make(), make()
x = tf.ones((3, 2))
# %% another model
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(twin(x) ** 2)
grads = tape.gradient(loss, net.trainable_variables)  # expect: none/different-object
# %% near: the same model
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(twin(x) ** 2) + tf.reduce_mean(net(x))
grads = tape.gradient(loss, net.trainable_variables)
