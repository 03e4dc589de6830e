import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(1)
x, y = tf.random.normal((32, 8)), tf.random.normal((32, 1))
def stack(activation):
    return [layers.Dense(16, activation=activation, kernel_initializer=keras.initializers.RandomNormal(stddev=0.3, seed=1)) for _ in range(20)]  # expect: scale/vanishing-through-depth
deep = keras.Sequential([keras.Input((8,)), *stack("sigmoid"), layers.Dense(1)])
shallow = keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="sigmoid"), layers.Dense(1)])
# %% twenty sigmoid layers
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((deep(x) - y) ** 2)  # also: scale/vanishing-through-depth
grads = tape.gradient(loss, deep.trainable_variables)
# %% near: one sigmoid layer
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((shallow(x) - y) ** 2)
grads = tape.gradient(loss, shallow.trainable_variables)  # status: ok ok ok ok
