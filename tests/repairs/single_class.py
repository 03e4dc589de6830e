# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(8)
x = tf.random.normal((24, 3))
y = tf.cast(tf.reduce_sum(x, -1, keepdims=True) > 0, tf.float32)
w, b = tf.Variable(tf.random.normal((3, 1))), tf.Variable(0.0)
crossentropy = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
class Trainer:
    def __init__(self):
        self.loss = tf.keras.losses.CategoricalCrossentropy()  # spam or not
        self.w = tf.Variable(tf.random.normal((3, 1)))
    def step(self):
        with tf.GradientTape() as tape:
            value = self.loss(y, tf.sigmoid(x @ self.w))
        return tape.gradient(value, self.w)
# %% a loss that is made once
# fix: zero/clipped
# becomes: crossentropy = keras.losses.BinaryCrossentropy(label_smoothing=0.1)
with tf.GradientTape() as tape:
    loss = crossentropy(y, tf.sigmoid(x @ w + b))
slopes = tape.gradient(loss, [w, b])
# %% an attribute of a class
# fix: zero/clipped
# becomes: self.loss = tf.keras.losses.BinaryCrossentropy()  # spam or not
Trainer().step()
# %% a function, of a value that is no probability
# fix: zero/clipped
# becomes: loss = tf.reduce_mean(keras.losses.binary_crossentropy(y, x @ w + b, from_logits=True))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(keras.losses.categorical_crossentropy(y, x @ w + b))
slopes = tape.gradient(loss, [w, b])
# %% logits of one class
# fix: zero/single-unit-softmax
# becomes: model.compile("adam", loss=keras.losses.BinaryCrossentropy(from_logits=True))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
model.compile("adam", loss=keras.losses.CategoricalCrossentropy(from_logits=True))
model.fit(x, tf.ones((24, 1)), verbose=0)
# %% the function of TensorFlow
# fix: zero/single-unit-softmax
# becomes: loss = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones((24, 1)), logits=x @ w))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(labels=tf.ones((24, 1)), logits=x @ w))
slope = tape.gradient(loss, w)
# %% class numbers, of which one output has one only
# none: zero/single-unit-softmax
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.zeros(24, tf.int32), logits=x @ w))
slope = tape.gradient(loss, w)
# %% labels of 0 and 1 under the loss for classes
# fix: zero/single-unit-softmax
# becomes: model.compile("sgd", loss="binary_crossentropy")
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile("sgd", loss="categorical_crossentropy")
model.fit(x, y, verbose=0)
# %% in a loop of one's own
# fix: zero/single-unit-softmax
# becomes: of_classes = keras.losses.BinaryCrossentropy(from_logits=True)
of_classes = keras.losses.CategoricalCrossentropy(from_logits=True)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
for _ in range(2):
    with tf.GradientTape() as tape:
        loss = of_classes(y, model(x))
    slopes = tape.gradient(loss, model.trainable_variables)
