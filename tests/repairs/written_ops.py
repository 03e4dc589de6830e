# %% setup
import tensorflow as tf
tf.random.set_seed(5)
pixels = tf.random.uniform((3, 40))
wanted = tf.fill((3, 6), 1.0 / 6)
pull = tf.Variable(tf.random.normal((40,)))
# %% a histogram for each row
# fix: error/no-gradient-registered
# becomes: counts = tf.reduce_sum(tf.one_hot(bins, 6) * shares[..., tf.newaxis], axis=-2)
with tf.GradientTape() as tape:
    bins = tf.cast(6.0 * pixels, tf.int32)
    shares = tf.broadcast_to(tf.nn.softmax(pull), bins.shape)
    counts = tf.math.bincount(bins, weights=shares, minlength=6, maxlength=6, axis=-1)
    cost = tf.reduce_sum((counts - wanted) ** 2)
grad = tape.gradient(cost, pull)
# %% a histogram of one row, with a least length
# fix: error/no-gradient-registered
# becomes: counts = tf.math.unsorted_segment_sum(tf.nn.softmax(pull), bins, 6)
with tf.GradientTape() as tape:
    bins = tf.cast(6.0 * pixels[0], tf.int32)
    counts = tf.math.bincount(bins, tf.nn.softmax(pull), 6)
    cost = tf.reduce_sum((counts - wanted[0]) ** 2)
grad = tape.gradient(cost, pull)
# %% near: of another dtype than the weights
# none: error/no-gradient-registered
with tf.GradientTape() as tape:
    bins = tf.cast(6.0 * pixels[1], tf.int32)
    counts = tf.math.bincount(bins, tf.nn.softmax(pull), minlength=6, dtype=tf.float32)
    cost = tf.reduce_sum((counts - wanted[0]) ** 2)
grad = tape.gradient(cost, pull)
# %% hues back to colours
# fix: none/non-differentiable-op
# becomes: hue, saturation, value = tf.split(tf.concat([colours[..., :1] + pull[0], colours[..., 1:]], axis=-1), 3, axis=-1)
# becomes: ramp = tf.clip_by_value(tf.abs(tf.math.floormod(6.0 * hue + [0.0, 4.0, 2.0], 6.0) - 3.0) - 1.0, 0.0, 1.0)
# becomes: turned = value * (1.0 - saturation * (1.0 - ramp))
with tf.GradientTape() as tape:
    colours = tf.image.rgb_to_hsv(tf.reshape(pixels, (2, 20, 3)))
    turned = tf.image.hsv_to_rgb(tf.concat([colours[..., :1] + pull[0], colours[..., 1:]], axis=-1))
    cost = tf.reduce_mean((turned - 0.4) ** 2)
grad = tape.gradient(cost, pull)
# %% the largest value of each row of a sparse matrix
# fix: error/no-gradient-registered
# becomes: cost = tf.reduce_sum(tf.math.unsorted_segment_max(points.values, points.indices[:, 0], points.dense_shape[0]) ** 2)
with tf.GradientTape() as tape:
    points = tf.sparse.SparseTensor([[0, 0], [0, 3], [1, 1], [2, 0]], pull[:4] * 2.0, [3, 5])
    cost = tf.reduce_sum(tf.sparse.reduce_max(points, axis=1) ** 2)
grad = tape.gradient(cost, pull)
