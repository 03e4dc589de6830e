import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(20)
base = keras.Sequential([
    keras.Input((16, 16, 3)), layers.Conv2D(8, 3, strides=2, use_bias=False), layers.BatchNormalization(), layers.ReLU(), layers.Conv2D(8, 3, activation="relu"), layers.GlobalAveragePooling2D(),
], name="base")
base.trainable = False
inputs = keras.Input((16, 16, 3))
x = layers.RandomFlip("horizontal")(inputs)
x = layers.Rescaling(1 / 127.5, offset=-1)(x)
x = base(x, training=False)
x = layers.Dropout(0.2)(x)
model = keras.Model(inputs, layers.Dense(1)(x))
rng = np.random.default_rng(0)
photos, labels = rng.integers(0, 256, (32, 16, 16, 3)).astype("float32"), rng.integers(0, 2, (32, 1)).astype("float32")
loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
# %% frozen base, then fine-tuning of its last layers
model.compile(keras.optimizers.Adam(1e-3), loss_fn, metrics=[keras.metrics.BinaryAccuracy(threshold=0.5)])
first = model.fit(photos, labels, epochs=1, batch_size=8, verbose=0)
base.trainable = True
for layer in base.layers[:-2]:
    layer.trainable = False
model.compile(keras.optimizers.SGD(1e-5), loss_fn)
second = model.fit(photos, labels, epochs=1, batch_size=8, verbose=0)
# %% frozen base in a custom loop
optimizer = keras.optimizers.Adam(1e-3)
for start in range(0, 32, 16):
    with tf.GradientTape() as tape:
        loss = loss_fn(labels[start:start + 16], model(photos[start:start + 16], training=True))
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
# %% features computed once, head trained on them
features = base.predict(photos / 127.5 - 1.0, verbose=0)
head = keras.Sequential([keras.Input((8,)), layers.Dense(4, activation="tanh"), layers.Dense(1)])
head.compile("sgd", loss_fn)
head.fit(features, labels, epochs=2, verbose=0)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(21)
teacher = keras.Sequential([keras.Input((6,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(3)])
student = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)])
x, y = tf.random.normal((32, 6)), tf.random.uniform((32,), maxval=3, dtype=tf.int32)

class Distiller(keras.Model):
    def __init__(self, student, teacher, alpha=0.1, temperature=3.0):
        super().__init__()
        self.student, self.teacher, self.alpha, self.temperature = student, teacher, alpha, temperature

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, allow_empty=False):
        teacher_pred = self.teacher(x, training=False)
        hard = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True))
        soft = tf.reduce_mean(keras.losses.kl_divergence(tf.nn.softmax(teacher_pred / self.temperature), tf.nn.softmax(y_pred / self.temperature))) * self.temperature ** 2
        return self.alpha * hard + (1 - self.alpha) * soft

    def call(self, x):
        return self.student(x)

teacher.trainable = False
distiller = Distiller(student, teacher)
distiller.compile("adam")
# %% knowledge distillation
distiller.fit(x, y, epochs=2, verbose=0)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(22)

class LoraDense(keras.layers.Layer):
    def __init__(self, dense, rank=2):
        super().__init__()
        self.dense, self.rank = dense, rank
        self.dense.trainable = False

    def build(self, shape):
        self.a = self.add_weight(shape=(shape[-1], self.rank), initializer="he_uniform", name="a")
        self.b = self.add_weight(shape=(self.rank, self.dense.units), initializer="random_normal", name="b")

    def call(self, x):
        return self.dense(x) + tf.matmul(tf.matmul(x, self.a), self.b)

dense = keras.layers.Dense(4)
dense.build((None, 6))
model = keras.Sequential([keras.Input((6,)), LoraDense(dense), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x, y = tf.random.normal((32, 6)), tf.random.normal((32, 1))
# %% low-rank adapters beside a frozen layer
model.fit(x, y, epochs=2, batch_size=16, verbose=0)
# %% setup
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(23)
pixels = keras.Input((12, 12, 1))
features = layers.Conv2D(4, 3, activation="relu", name="conv")(pixels)
logits = layers.Dense(3)(layers.Flatten()(layers.Conv2D(4, 3, activation="relu")(features)))
net, extractor, full = keras.Model(pixels, logits), keras.Model(pixels, features), keras.Model(pixels, [features, logits])
image = tf.random.uniform((1, 12, 12, 1))
# %% DeepDream
picture = tf.Variable(image)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(extractor(picture))
    grads = tape.gradient(loss, picture)
    grads /= tf.math.reduce_std(grads) + 1e-8
    picture.assign_add(0.01 * grads)
    picture.assign(tf.clip_by_value(picture, 0.0, 1.0))
# %% style transfer
def gram(features):
    return tf.linalg.einsum("bijc,bijd->bcd", features, features) / tf.cast(tf.shape(features)[1] * tf.shape(features)[2], tf.float32)
style_target, content_target = gram(extractor(tf.random.uniform((1, 12, 12, 1)))), extractor(image)
result = tf.Variable(image + 0.1 * tf.random.normal(image.shape))
opt = keras.optimizers.Adam(0.02)
for _ in range(3):
    with tf.GradientTape() as tape:
        out = extractor(result)
        loss = tf.reduce_mean((gram(out) - style_target) ** 2) + 1e-1 * tf.reduce_mean((out - content_target) ** 2) + 1e-4 * tf.reduce_sum(tf.image.total_variation(result))
    grad = tape.gradient(loss, result)
    opt.apply_gradients([(grad, result)])
    result.assign(tf.clip_by_value(result, 0.0, 1.0))
# %% Grad-CAM
with tf.GradientTape() as tape:
    conv, scores = full(image)
    score = scores[:, tf.argmax(scores[0])]
grads = tape.gradient(score, conv)
heatmap = tf.nn.relu(tf.reduce_sum(tf.reduce_mean(grads, axis=(1, 2), keepdims=True) * conv, axis=-1)).numpy()
heatmap /= heatmap.max() + 1e-8
# %% fast gradient sign
target = tf.constant([1])
with tf.GradientTape() as tape:
    tape.watch(image)
    loss = keras.losses.sparse_categorical_crossentropy(target, net(image), from_logits=True)
signed = tf.sign(tape.gradient(loss, image))
adversarial = tf.clip_by_value(image + 0.02 * signed, 0.0, 1.0)
# %% projected gradient descent and adversarial training
opt = keras.optimizers.SGD(0.01)
batch, goal = tf.random.uniform((8, 12, 12, 1)), tf.random.uniform((8,), maxval=3, dtype=tf.int32)
for _ in range(2):
    delta = tf.zeros_like(batch)
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(delta)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(goal, net(batch + delta), from_logits=True))
        delta = tf.clip_by_value(delta + 0.01 * tf.sign(tape.gradient(loss, delta)), -0.05, 0.05)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(goal, net(batch + delta), from_logits=True))
    opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
