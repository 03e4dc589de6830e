# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(3)
sides = np.random.default_rng(0).normal(size=(64, 2)).astype("float32") * 5.0
sides[:, 0] += np.sign(sides[:, 0]) * 20.0
is_right = (sides[:, :1] > 0).astype("float32")
sure = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
sure.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
sure.layers[0].set_weights([np.array([[3.0], [0.0]]), np.zeros(1)])
# %% a classifier that is sure and right: what is left of its gradient is rounding
sure.fit(sides, is_right, epochs=2, verbose=0)  # status: zero|ok zero|ok
# %% setup
import keras
import tensorflow as tf
slope = tf.Variable([2.0, 1.0], name="slope")
points, kinds = tf.constant([[10.0, 1.0], [-10.0, 1.0]]), tf.constant([1.0, 0.0])
optimizer = keras.optimizers.SGD(0.1)
def train():
    for step in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(kinds, tf.linalg.matvec(points, slope)))
        optimizer.apply_gradients([(tape.gradient(loss, slope), slope)])  # status: zero|ok
# %% the same in a loop of one's own, where the steps are lost in rounding
train()
# %% a loss of exactly 0
slope.assign([30.0, 0.0])
train()
