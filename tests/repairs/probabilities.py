# %% setup
import keras
import numpy as np
import tensorflow as tf
rng = np.random.default_rng(6)
readings = rng.normal(size=(30, 4)).astype("float32") * 500.0
faulty = (readings[:, :1] > 0.0).astype("float32")
judge = keras.losses.BinaryCrossentropy(label_smoothing=0.1)
def detector(*last):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="relu"), *last])
def score(net, loss):
    with tf.GradientTape() as tape:
        value = loss(faulty, net(readings))
    return tape.gradient(value, net.trainable_variables)
# %% a name in compile
# fix: zero/clipped
# becomes: net.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
net = detector(keras.layers.Dense(1))
net.compile("sgd", "binary_crossentropy")
net.fit(readings, faulty, batch_size=30, verbose=0)
# %% an object that is called
# fix: zero/clipped
# becomes: judge = keras.losses.BinaryCrossentropy(label_smoothing=0.1, from_logits=True)
net = detector(keras.layers.Dense(1))
with tf.GradientTape() as tape:
    value = judge(faulty, net(readings))
grads = tape.gradient(value, net.trainable_variables)
# %% a function that is called
# fix: zero/clipped
# becomes: value = tf.reduce_sum(keras.losses.binary_crossentropy(faulty, net(readings), from_logits=True))
net = detector(keras.layers.Dense(1, use_bias=False))
with tf.GradientTape() as tape:
    value = tf.reduce_sum(keras.losses.binary_crossentropy(faulty, net(readings)))
grads = tape.gradient(value, net.trainable_variables)
# %% near: a bound that is the user's own
# fix: zero/clipped
# gone: judge = keras.losses.BinaryCrossentropy(label_smoothing=0.1, from_logits=True)
net = detector(keras.layers.Dense(1))
with tf.GradientTape() as tape:
    value = judge(faulty, tf.clip_by_value(net(readings), 0.2, 0.8))
grads = tape.gradient(value, net.trainable_variables)
# %% near: an activation that ends at its bounds
# none: zero/clipped
net = detector(keras.layers.Dense(1), keras.layers.ReLU(max_value=1.0, negative_slope=0.0, threshold=0.0))
net.layers[-2].set_weights([np.full((6, 1), 9.0, "float32"), np.array([5.0], "float32")])
net.compile("sgd", "binary_crossentropy")
net.fit(readings, faulty, batch_size=30, verbose=0)
