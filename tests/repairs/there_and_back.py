# %% setup
import tensorflow as tf
picture = tf.random.uniform((8, 8, 3), seed=1)
noise = tf.Variable(tf.zeros((8, 8, 3)))
def sent(image):
    return tf.image.adjust_jpeg_quality(tf.clip_by_value(image, 0.0, 1.0), 60)
# %% a picture that is compressed
# fix: none/non-float-dtype
# becomes: soft = tf.clip_by_value(image, 0.0, 1.0)
# becomes: return soft + tf.stop_gradient(tf.image.adjust_jpeg_quality(soft, 60) - soft)
with tf.GradientTape() as tape:
    cost = tf.reduce_mean((sent(picture + noise) - 0.2) ** 2)
grad = tape.gradient(cost, noise)
