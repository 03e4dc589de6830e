import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(1)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-2)
# %% forward pass before the tape
pred = model(x)  # expect: none/outside-tape
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((pred - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% loss after the tape
for step in range(2):
    with tf.GradientTape() as tape:
        pred = model(x)
    loss = tf.reduce_mean((pred - y) ** 2)  # expect: none/outside-tape
    grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% penalty added after the tape, only it reaches
with tf.GradientTape() as tape:
    pred = model(x)
    loss = tf.reduce_mean((pred - y) ** 2)
total = -loss  # expect: none/outside-tape
grads = tape.gradient(total, model.trainable_variables)  # status: none none none none
# %% near: scaled by a constant of before
factor = tf.reduce_mean(tf.abs(y))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2) * factor
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
# %% computed under another tape
with tf.GradientTape() as first:
    pred = model(x)  # expect: none/outside-tape
with tf.GradientTape() as second:
    loss = tf.reduce_mean((pred - y) ** 2)
grads = second.gradient(loss, model.trainable_variables)  # status: none none none none
# %% reset in the middle
with tf.GradientTape() as tape:
    pred = model(x)  # expect: none/outside-tape
    tape.reset()  # also: none/outside-tape
    loss = tf.reduce_mean((pred - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% features mapped in a dataset
encoder, head = keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)
encoder.build((None, 4)), head.build((None, 3))
batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).map(lambda a, b: (encoder(a), b))  # expect: none/outside-tape
for features, labels in batches:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((head(features) - labels) ** 2)
    grads = tape.gradient(loss, encoder.trainable_variables + head.trainable_variables)  # status: none none ok ok
# %% a compiled step whose loss comes from outside
@tf.function
def forward(a):
    return model(a)  # also: none/outside-tape
@tf.function
def step(pred, b):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((pred - b) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
    return loss
step(forward(x), y)  # expect: none/outside-tape
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
@tf.function
def step(a, b):
    pred = model(a)  # expect: none/outside-tape
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((pred - b) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
    return loss
# %% forward pass before the tape, compiled
step(x, y)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
x = tf.random.normal((16, 4))
image = tf.random.uniform((1, 6, 6, 1))
classifier = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
# %% saliency without watch
with tf.GradientTape() as tape:  # expect: none/not-watched
    score = classifier(image)[0, 1]
saliency = tape.gradient(score, image)  # status: none
# %% watched after it was used
with tf.GradientTape() as tape:
    score = classifier(image)[0, 1]
    tape.watch(image)  # expect: none/not-watched or none/outside-tape
saliency = tape.gradient(score, image)  # status: none
# %% the copy is watched, the original asked for
with tf.GradientTape() as tape:  # also: none/not-watched
    batch = tf.identity(image)
    tape.watch(batch)
    score = classifier(batch)[0, 1]
saliency = tape.gradient(score, image)  # expect: none/not-watched
# %% a tape that watches nothing by itself
with tf.GradientTape(watch_accessed_variables=False) as tape:  # expect: none/not-watched
    loss = tf.reduce_mean(classifier(image) ** 2)
grads = tape.gradient(loss, classifier.trainable_variables)  # status: none none
# %% only the kernel is watched
kernel, bias = classifier.trainable_variables
with tf.GradientTape(watch_accessed_variables=False) as tape:  # expect: none/not-watched
    tape.watch(kernel.value)
    loss = tf.reduce_mean(classifier(image) ** 2)
grads = tape.gradient(loss, [kernel, bias])  # status: ok none
# %% a variable that is not trainable
scale = tf.Variable(2.0, trainable=False, name="scale")  # expect: none/not-watched
with tf.GradientTape() as tape:  # also: none/not-watched
    loss = tf.reduce_mean(classifier(image) * scale)
grad = tape.gradient(loss, scale)  # also: none/not-watched
# %% gradient penalty at unwatched samples
real, fake = tf.random.normal((8, 6, 6, 1)), tf.random.normal((8, 6, 6, 1))
mixed = 0.5 * real + 0.5 * fake
with tf.GradientTape() as tape:  # expect: none/not-watched
    score = classifier(mixed)
grads = tape.gradient(score, mixed)  # status: none
# %% the input in a compiled function
@tf.function
def saliency(img):
    with tf.GradientTape() as tape:  # expect: none/not-watched
        score = tf.reduce_max(classifier(img))
    grad = tape.gradient(score, img)  # status: none
    return 0.0 if grad is None else tf.reduce_sum(grad)
saliency(image)
# %% batch statistics asked for
bn = keras.layers.BatchNormalization()
bn.build((None, 4))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(bn(x, training=False) ** 2)
grads = tape.gradient(loss, bn.weights)  # status: ok ok none none # note: none/not-watched
print([g is None for g in grads])
# %% Grad-CAM with a tensor of another run
conv = keras.layers.Conv2D(2, 3)
features = conv(image)
with tf.GradientTape() as tape:
    tape.watch(features)
    score = tf.reduce_sum(conv(image) ** 2)
grads = tape.gradient(score, features)  # expect: none/different-object or none/unused-variable or none/not-watched
# %% second derivative outside
t = tf.Variable(1.0, name="t")
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        f = t ** 3
df = inner.gradient(f, t)  # expect: none/outside-tape
d2f = outer.gradient(df, t)  # status: none
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(4)

class Trainer:
    def __init__(self):
        self.model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    def forward(self, x, tape):
        with tape.stop_recording():
            return self.model(x)  # expect: none/outside-tape

    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(self.forward(x, tape) ** 2)
        return tape.gradient(loss, self.model.trainable_variables)  # status: none none
# %% recording stopped in a class of an earlier cell
grads = Trainer().step(tf.random.normal((8, 4)))
# %% setup
import tensorflow as tf
x = tf.random.normal((8, 4))
# %% file saliency.py
import tensorflow as tf

def saliency_map(model, image):
    with tf.GradientTape() as tape:  # expect: none/not-watched
        score = tf.reduce_max(model(image), axis=-1)
    return tape.gradient(score, image)  # status: none
# %% saliency in an imported file
import keras
from saliency import saliency_map
result = saliency_map(keras.layers.Dense(3), x)
# %% setup
import queue
import threading
import tensorflow as tf
import keras
from concurrent.futures import ThreadPoolExecutor
keras.utils.set_random_seed(4)
x, y = tf.random.normal((10, 3)), tf.random.normal((10, 1))
members = [keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)]) for _ in range(2)]
variables = [v for m in members for v in m.trainable_variables]

def error_of(model):
    return tf.reduce_mean((model(x) - y) ** 2)  # expect: none/outside-tape

def gradients_of(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    return tape.gradient(loss, model.trainable_variables)
# %% losses from a pool of threads
# expect setup
with tf.GradientTape() as tape:
    with ThreadPoolExecutor(2) as pool:
        loss = tf.add_n(list(pool.map(error_of, members)))
grads = tape.gradient(loss, variables)
# %% near: a tape in every thread
with ThreadPoolExecutor(2) as pool:
    grads = list(pool.map(gradients_of, members))
# %% near: a thread that only brings the data
ready = queue.Queue()
loader = threading.Thread(target=lambda: [ready.put(tf.cast(x, tf.float32) * k) for k in (1.0, 2.0)])
loader.start()
for step in range(2):
    batch = ready.get()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((members[0](batch) - y) ** 2)
    grads = tape.gradient(loss, members[0].trainable_variables)
loader.join()
