import tensorflow as tf
c = tf.constant(3.0)
w = tf.Variable(2.0, name="w")
frozen = tf.Variable(2.0, trainable=False, name="frozen")
# %% constant
with tf.GradientTape() as tape:  # expect: none/not-watched
    y = c * c
g = tape.gradient(y, c)
# %% frozen
still = tf.Variable(2.0, trainable=False)  # expect: none/not-watched
with tf.GradientTape() as tape:
    y = still * still
g = tape.gradient(y, still)
# %% switched off
with tf.GradientTape(watch_accessed_variables=False) as tape:  # expect: none/not-watched
    y = w * w
g = tape.gradient(y, w)
# %% near: watched
with tf.GradientTape() as tape:
    tape.watch([c, frozen])
    y = c * frozen
g = tape.gradient(y, [c, frozen])
# %% near: an intermediate value
with tf.GradientTape() as tape:
    h = w * 2.0
    y = h * h
g = tape.gradient(y, h)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(1)

class Prototypes(keras.layers.Layer):
    def __init__(self, count):
        super().__init__(name="prototypes")
        self.count = count

    def build(self, shape):
        self.places = self.add_weight(shape=(self.count, shape[-1]), initializer="uniform",
                                      trainable=False, name="places")  # expect: none/not-watched
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        return self.scale * tf.reduce_sum((x[:, None] - self.places) ** 2, axis=-1)

layer = Prototypes(3)
x = tf.random.normal((5, 2))
# %% frozen where a layer adds it, nothing else asked for
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.reduce_min(layer(x), axis=1))
g = tape.gradient(loss, layer.places)
# %% near: asked for by its trainable part
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.reduce_min(layer(x), axis=1))
g = tape.gradient(loss, layer.trainable_variables)
# %% setup
import tensorflow as tf
tf.random.set_seed(6)
x, y = tf.random.normal((12, 3)), tf.random.normal((12, 2))
kernel = tf.Variable(tf.random.normal((3, 2), stddev=0.2))
offset = tf.zeros((2,))  # expect: none/not-watched
# %% a tensor that is updated by its name
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x @ kernel + offset - y))
of_kernel, of_offset = tape.gradient(loss, [kernel, offset])  # status: ok none
kernel.assign_sub(0.1 * of_kernel)
offset.assign_sub(0.1 * of_offset)  # raises: AttributeError
# %% one of a list that an optimizer is given
# allow: error/unexplained
weights = [kernel, offset]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(x @ weights[0] + weights[1] - y))
grads = tape.gradient(loss, weights)
tf.keras.optimizers.SGD(0.1).apply_gradients(zip(grads, weights))  # raises: AttributeError
# %% in a function that a comprehension calls
def moved(weight, slope):
    return weight.assign_sub(0.1 * slope)  # raises: AttributeError
def distance():
    return tf.reduce_mean(tf.square(x @ kernel + offset - y))
with tf.GradientTape() as tape:
    loss = distance()
[moved(w, g) for w, g in zip([kernel, offset], tape.gradient(loss, [kernel, offset]))]
# %% near: the tensor is watched, and only read
with tf.GradientTape() as tape:
    tape.watch(offset)
    loss = tf.reduce_mean(tf.square(x @ kernel + offset - y))
of_kernel, of_offset = tape.gradient(loss, [kernel, offset])
kernel.assign_sub(0.1 * of_kernel)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(5)
scores = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
picture = tf.random.normal((1, 4))

@tf.function
def saliency(x):
    with tf.GradientTape() as tape:  # expect: none/not-watched
        out = scores(x)
        score = out[:, tf.argmax(out[0])]
    return tape.gradient(score, x)
# %% the score of the class that was chosen: the index has no gradient, the score has one
with tf.GradientTape() as tape:  # expect: none/not-watched
    out = scores(picture)
    score = out[0, tf.argmax(out[0])]
g = tape.gradient(score, picture)
# %% the same in a compiled function
g = saliency(picture)
# %% a tensor that the cell made, gathered by the index
noise = tf.random.normal((1, 4))
with tf.GradientTape() as tape:  # expect: none/not-watched
    out = scores(noise)
    score = tf.gather(out[0], tf.argmax(out[0]))
g = tape.gradient(score, noise)
# %% a condition made of the source
with tf.GradientTape() as tape:  # expect: none/not-watched
    loss = tf.reduce_sum(tf.where(picture > 0, picture, 0.1 * picture))
g = tape.gradient(loss, picture)
# %% near: the index alone is what the target is made of
with tf.GradientTape() as tape:
    out = scores(picture)
    score = tf.cast(tf.argmax(out, 1), tf.float32)  # expect: none/non-differentiable-op
g = tape.gradient(score, out)
