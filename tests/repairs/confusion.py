# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
CLASSES = 4
x, y = tf.random.normal((48, 6)), tf.random.uniform((48, 1), 0, CLASSES, tf.int32)
level = tf.range(CLASSES, dtype=tf.float32)
penalty = tf.square(level[:, None] - level[None, :]) / 9.0
def network(last):
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(CLASSES, activation=last)])
def kappa(y_true, y_pred):
    predicted = tf.argmax(y_pred, axis=-1)
    actual = tf.cast(tf.reshape(y_true, [-1]), tf.int64)
    observed = tf.cast(tf.math.confusion_matrix(actual, predicted, num_classes=CLASSES), tf.float32)
    return tf.reduce_sum(penalty * observed) / tf.reduce_sum(observed)
model, scores = network("softmax"), network(None)
# %% a weighted kappa
# fix: none/non-differentiable-op
# becomes: observed = tf.matmul(tf.one_hot(actual, CLASSES, dtype=y_pred.dtype), y_pred, transpose_a=True)
# gone: predicted = tf.argmax(y_pred, axis=-1)
model.compile("adam", kappa)
history = model.fit(x, y, verbose=0)
# %% of logits, by a call inside a call
# fix: none/non-differentiable-op
# becomes: table = tf.matmul(tf.one_hot(tf.cast(y[:, 0], tf.int32), tf.shape(logits)[-1], dtype=logits.dtype), tf.nn.softmax(logits), transpose_a=True)
with tf.GradientTape() as tape:
    logits = scores(x)
    table = tf.cast(tf.math.confusion_matrix(y[:, 0], tf.argmax(logits, axis=1)), tf.float32)
    loss = 1.0 - tf.linalg.trace(table) / 48.0
grads = tape.gradient(loss, scores.trainable_variables)
# %% near: a sum of indices
# untried: none/non-differentiable-op
# gone: picked = tf.argmax(scores(x), axis=-1)
# becomes: loss = tf.reduce_mean(tf.cast(picked, tf.float32))
with tf.GradientTape() as tape:
    picked = tf.argmax(scores(x), axis=-1)
    loss = tf.reduce_mean(tf.cast(picked, tf.float32))
grads = tape.gradient(loss, scores.trainable_variables)
# %% how many of each class
# fix: none/non-differentiable-op
# becomes: counts = tf.reduce_sum(tf.nn.softmax(logits), axis=0)
with tf.GradientTape() as tape:
    logits = scores(x)
    counts = tf.math.bincount(tf.argmax(logits, 1, output_type=tf.int32), minlength=CLASSES, dtype=tf.float32)
    loss = tf.reduce_sum(tf.square(counts / 48.0))
grads = tape.gradient(loss, scores.trainable_variables)
# %% how many of each class, by a name
# fix: none/non-differentiable-op
# becomes: counts = tf.cast(tf.reduce_sum(p, axis=0), tf.float32)
# gone: best = tf.argmax(p, axis=-1)
with tf.GradientTape() as tape:
    p = model(x)
    best = tf.argmax(p, axis=-1)
    counts = tf.cast(tf.math.bincount(best), tf.float32)
    loss = tf.reduce_sum(tf.square(counts / 48.0))
grads = tape.gradient(loss, model.trainable_variables)
