# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
scan = tf.repeat(tf.repeat(tf.random.uniform((2, 10, 10, 1)), 4, axis=1), 4, axis=2)
level = tf.Variable(tf.zeros((1, 40, 40, 1)))
powers = (0.4, 0.3, 0.3)
def unlike(a, b):
    return 1.0 - tf.reduce_mean(tf.image.ssim_multiscale(a, b, 1.0, powers, 5))
# %% several scales with powers of their own
# fix: nonfinite/infinite-derivative
# becomes: return 1.0 - tf.reduce_mean(tf.image.ssim(a, b, 1.0, 5))
with tf.GradientTape() as tape:
    loss = unlike(scan, 1.0 - scan + level)
grad = tape.gradient(loss, level)
# %% several scales in the block
# fix: nonfinite/infinite-derivative
# becomes: alike = tf.image.ssim(scan, 1.0 - scan + level, max_val=1.0, filter_size=3)  # between -1 and 1
with tf.GradientTape() as tape:
    alike = tf.image.ssim_multiscale(scan, 1.0 - scan + level, max_val=1.0, power_factors=powers, filter_size=3)  # between -1 and 1
    loss = -tf.reduce_mean(alike)
grad = tape.gradient(loss, level)
# %% a power beside it
# fix: nonfinite/infinite-derivative
# becomes: loss = tf.reduce_sum(tf.maximum(tf.abs(level), 1e-6) ** 0.5) - tf.reduce_mean(tf.image.ssim_multiscale(scan, scan + level, max_val=1.0, power_factors=powers, filter_size=3))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.abs(level) ** 0.5) - tf.reduce_mean(tf.image.ssim_multiscale(scan, scan + level, max_val=1.0, power_factors=powers, filter_size=3))
grad = tape.gradient(loss, level)
