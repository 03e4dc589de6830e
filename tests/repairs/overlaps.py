# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(58)
features = tf.random.normal((10, 5))
low = tf.random.uniform((10, 2), 6.0, 9.0)
boxes = tf.concat([low, low + tf.random.uniform((10, 2), 2.0, 5.0)], axis=1)
def jaccard(truth, guess):
    left, top = tf.maximum(truth[:, 0], guess[:, 0]), tf.maximum(truth[:, 1], guess[:, 1])
    right = tf.minimum(truth[:, 2], guess[:, 2])
    bottom = tf.minimum(truth[:, 3], guess[:, 3])
    wide = tf.nn.relu(right - left)
    high = tf.nn.relu(bottom - top)
    overlap = wide * high
    both = (truth[:, 2] - truth[:, 0]) * (truth[:, 3] - truth[:, 1]) + (guess[:, 2] - guess[:, 0]) * (guess[:, 3] - guess[:, 1]) - overlap
    return 1.0 - overlap / (both + 1e-7)
class Overlap(keras.losses.Loss):
    def call(self, y_true, y_pred):
        near = keras.ops.maximum(y_true[:, :2], y_pred[:, :2])
        far = keras.ops.minimum(y_true[:, 2:], y_pred[:, 2:])
        sides = keras.ops.maximum(0.0, far - near)
        shared = sides[:, 0] * sides[:, 1]
        areas = [keras.ops.prod(b[:, 2:] - b[:, :2], axis=-1) for b in (y_true, y_pred)]
        total = areas[0] + areas[1] - shared
        score = keras.ops.divide(shared, total)
        return keras.ops.mean(1.0 - score)
def logarithmic(truth, guess):
    width = tf.maximum(tf.minimum(truth[:, 2], guess[:, 2]) - tf.maximum(truth[:, 0], guess[:, 0]), 0.0)
    both = truth[:, 2] - truth[:, 0] + guess[:, 2] - guess[:, 0] - width
    return -tf.math.log(width / both + 1e-3)
def missing(truth, guess):
    short = tf.maximum(guess[:, 2] - truth[:, 2], 0.0)
    return tf.reduce_mean(short / (truth[:, 2] - truth[:, 0]))
def detector():
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(4)])
model = detector()
start, end = tf.Variable([0.0, 1.0]), tf.Variable([2.0, 3.0])
# %% a function under fit
# fix: zero/dead-activation
# becomes: enclosing = (tf.maximum(truth[:, 2], guess[:, 2]) - tf.minimum(truth[:, 0], guess[:, 0])) * (tf.maximum(truth[:, 3], guess[:, 3]) - tf.minimum(truth[:, 1], guess[:, 1]))
# becomes: return 1.0 - (overlap / (both + 1e-7) - (enclosing - both) / (enclosing + 1e-7))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=jaccard)
model.fit(features, boxes, batch_size=5, epochs=1, verbose=0)
# %% corners as vectors in a class
# fix: zero/clipped
# becomes: enclosing = (keras.ops.maximum(y_true[:, 2:], y_pred[:, 2:]) - keras.ops.minimum(y_true[:, :2], y_pred[:, :2]))[:, 0] * (keras.ops.maximum(y_true[:, 2:], y_pred[:, 2:]) - keras.ops.minimum(y_true[:, :2], y_pred[:, :2]))[:, 1]
# becomes: score = keras.ops.divide(shared, total) - (enclosing - total) / enclosing
criterion = Overlap()
with tf.GradientTape() as tape:
    loss = criterion(boxes, model(features))
grads = tape.gradient(loss, model.trainable_variables)
# %% stretches of time in the cell
# fix: zero/clipped
# becomes: enclosing = tf.maximum(end, [8.0, 9.0]) - tf.minimum(start, [6.0, 7.0])
# becomes: loss = tf.reduce_mean(1.0 - (common / (end - start + 2.0 - common) - (enclosing - (end - start + 2.0 - common)) / enclosing))
with tf.GradientTape() as tape:
    common = tf.clip_by_value(tf.minimum(end, [8.0, 9.0]) - tf.maximum(start, [6.0, 7.0]), 0.0, 100.0)
    loss = tf.reduce_mean(1.0 - common / (end - start + 2.0 - common))
grads = tape.gradient(loss, [start, end])
# %% near: a logarithm, which the generalised form may be too small for
# none: zero/clipped
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(logarithmic(boxes, model(features)))
grads = tape.gradient(loss, model.trainable_variables)
# %% near: a hinge that is divided
# none: zero/clipped
with tf.GradientTape() as tape:
    loss = missing(boxes, model(features)) + 1.0
grads = tape.gradient(loss, model.trainable_variables)
