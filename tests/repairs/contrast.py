# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(7)
photos, wanted = tf.random.uniform((2, 6, 6, 3)), tf.random.uniform((2, 6, 6, 3))
paint = keras.layers.Conv2D(3, 1)
paint.build(photos.shape)
class Jitter(keras.layers.Layer):
    def __init__(self, most):
        super().__init__()
        self.most = most
    def call(self, pixels, training=None):
        if training:
            pixels = tf.image.random_contrast(pixels, 1.0 - self.most, 1.0 + self.most)
        return pixels
network = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(3, 1), Jitter(0.3), keras.layers.Conv2D(3, 1)])
network.compile(optimizer="sgd", loss="mse")
# %% a random contrast in a layer
# fix: error/no-gradient-registered
# becomes: pixels = tf.reduce_mean(pixels, axis=(-3, -2), keepdims=True) + (pixels - tf.reduce_mean(pixels, axis=(-3, -2), keepdims=True)) * tf.random.uniform([], 1.0 - self.most, 1.0 + self.most)
network.fit(photos, wanted, epochs=1, verbose=0)
# %% a contrast of what a layer has just made
# fix: error/no-gradient-registered
# becomes: pictures = paint(photos)
# becomes: bright = tf.reduce_mean(pictures, axis=(-3, -2), keepdims=True) + (pictures - tf.reduce_mean(pictures, axis=(-3, -2), keepdims=True)) * 1.5
with tf.GradientTape() as tape:
    bright = tf.image.adjust_contrast(paint(photos), 1.5)
    loss = tf.reduce_mean(tf.square(bright - wanted))
grads = tape.gradient(loss, paint.trainable_variables)
# %% drawn from a seed, in double precision
# fix: error/no-gradient-registered
# becomes: bright = tf.reduce_mean(double, axis=(-3, -2), keepdims=True) + (double - tf.reduce_mean(double, axis=(-3, -2), keepdims=True)) * tf.cast(tf.random.stateless_uniform([], (1, 2), 0.5, 1.5), double.dtype)
with tf.GradientTape() as tape:
    double = tf.cast(paint(photos), tf.float64)
    bright = tf.image.stateless_random_contrast(double, 0.5, 1.5, seed=(1, 2))
    loss = tf.reduce_mean(tf.square(tf.cast(bright, tf.float32) - wanted))
grads = tape.gradient(loss, paint.trainable_variables)
# %% a random saturation
# fix: error/no-gradient-registered
# becomes: vivid = tf.reduce_max(pixels, axis=-1, keepdims=True) + (pixels - tf.reduce_max(pixels, axis=-1, keepdims=True)) * tf.random.uniform([], 0.8, 1.2, seed=3)
with tf.GradientTape() as tape:
    pixels = paint(photos)
    vivid = tf.image.random_saturation(pixels, 0.8, 1.2, seed=3)
    loss = tf.reduce_mean(tf.square(vivid - wanted))
grads = tape.gradient(loss, paint.trainable_variables)
# %% what a function without a name makes cannot be named before
# none: error/no-gradient-registered
with tf.GradientTape() as tape:
    vary = lambda pixels: tf.image.random_contrast(paint(pixels), 0.8, 1.2)
    loss = tf.reduce_mean(tf.square(vary(photos) - wanted))
grads = tape.gradient(loss, paint.trainable_variables)
