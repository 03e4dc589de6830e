# %% setup
import keras
import tensorflow as tf
def make(units=8, activation="relu"):
    model = keras.Sequential([keras.Input((1,))])
    for _ in range(2):
        model.add(keras.layers.Dense(units, activation=activation))
    model.add(keras.layers.Dense(1))
    return model
x = tf.linspace(0.1, 1.0, 20)[:, None]
bent = make()
# %% ReLU as a default
# fix: zero/zero-derivative-op
# becomes: def make(units=8, activation="tanh"):
with tf.GradientTape() as outer:
    outer.watch(x)
    with tf.GradientTape() as inner:
        inner.watch(x)
        u = bent(x)
    du = inner.gradient(u, x)
ddu = outer.gradient(du, x)
# %% setup
import keras
import tensorflow as tf
class Straight(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = keras.layers.Dense(8), keras.layers.Dense(1)
    def call(self, inputs):
        return self.out(self.hidden(inputs))
x, straight = tf.linspace(0.1, 1.0, 20)[:, None], Straight()
# %% no activation at all
# fix: none/discarded-result
# becomes: self.hidden, self.out = keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)
with tf.GradientTape() as outer:
    outer.watch(x)
    with tf.GradientTape() as inner:
        inner.watch(x)
        u = straight(x)
    du = inner.gradient(u, x)
ddu = outer.gradient(du, x)
# %% setup
import keras
import tensorflow as tf
pictures = tf.random.normal((4, 4, 4, 1))
critic = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.UpSampling2D(interpolation="bilinear"), keras.layers.Conv2D(2, 3, activation="softplus"), keras.layers.Flatten(), keras.layers.Dense(1, use_bias=False)])
# %% through a bilinear resizing
# fix: none/non-differentiable-op
# becomes: critic = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.UpSampling2D(interpolation="nearest"), keras.layers.Conv2D(2, 3, activation="softplus"), keras.layers.Flatten(), keras.layers.Dense(1, use_bias=False)])
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        inner.watch(pictures)
        score = critic(pictures)
    slopes = inner.gradient(score, pictures)
    loss = tf.reduce_mean(slopes ** 2)
grads = outer.gradient(loss, critic.trainable_variables)
# %% setup
import keras
import tensorflow as tf
from keras import layers
from keras.layers import Resizing
pictures = tf.random.normal((4, 4, 4, 1))
def slope_of(score_of, variables):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(pictures)
            score = score_of(pictures)
        slopes = inner.gradient(score, pictures)
        loss = tf.reduce_mean(slopes ** 2)
    return outer.gradient(loss, variables)
kernel = tf.Variable(tf.random.normal((3, 3, 1, 1)))
# %% through a layer that takes the nearest pixel
# fix: error/no-gradient-registered
# becomes: layers.UpSampling2D(2),  # back to the size of the picture
critic = keras.Sequential([
    keras.Input((4, 4, 1)),
    layers.Conv2D(2, 3, strides=2, padding="same", activation="softplus"),
    layers.Resizing(4, 4, interpolation="nearest"),  # back to the size of the picture
    layers.Conv2D(1, 3, activation="softplus"),
])
grads = slope_of(critic, critic.trainable_variables)
# %% through a layer that is wider than high, by a name of its own
# fix: error/no-gradient-registered
# becomes: critic = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.UpSampling2D((2, 3), name="wide"), layers.Conv2D(1, 3, activation="softplus")])
critic = keras.Sequential([keras.Input((4, 4, 1)), Resizing(8, 12, "bicubic", name="wide"), layers.Conv2D(1, 3, activation="softplus")])
grads = slope_of(critic, critic.trainable_variables)
# %% through a function
# fix: none/non-differentiable-op
# becomes: return tf.nn.softplus(tf.nn.conv2d(tf.repeat(tf.repeat(images, 2, axis=1), 2, axis=2), kernel, 1, "SAME"))
def score_of(images):
    return tf.nn.softplus(tf.nn.conv2d(tf.image.resize(images, (8, 8)), kernel, 1, "SAME"))
grads = slope_of(score_of, kernel)
# %% near: by no whole number
# none: error/no-gradient-registered
critic = keras.Sequential([keras.Input((4, 4, 1)), layers.Resizing(6, 6, interpolation="nearest"), layers.Conv2D(1, 3, activation="softplus")])
grads = slope_of(critic, critic.trainable_variables)
# %% setup
import keras
import numpy as np
x, y = np.random.default_rng(0).normal(size=(32, 8)).astype("float32"), np.ones((32, 1), "float32")
def make(depth=10, act="sigmoid"):
    model = keras.Sequential([keras.Input((8,))])
    for i in range(depth):
        model.add(keras.layers.Dense(16, activation=act, kernel_initializer="random_normal", name=f"hidden_{i}"))
    model.add(keras.layers.Dense(1))
    return model
# %% a deep stack with its activation as a default
# fix: scale/vanishing-through-depth
# becomes: def make(depth=10, act="relu"):
model = make()
model.compile("sgd", "mse")
history = model.fit(x, y, verbose=0)
