# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
scores = tf.Variable(tf.random.normal((3, 4)))
kept = tf.constant([[True, True, False, True], [True, False, False, False], [False, False, False, False]])
class Pool(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.score = keras.layers.Dense(1)
    def call(self, steps, mask):
        logits = self.score(steps)[..., 0]
        logits += tf.where(mask, 0.0, float("-inf"))  # what is padding gets no weight
        weights = tf.nn.softmax(logits)
        pooled = tf.einsum("bs,bsd->bd", weights, steps)
        return tf.where(tf.reduce_any(mask, axis=1)[:, None], pooled, 0.0)
pool, steps = Pool(), tf.random.normal((3, 4, 2))
# %% the mask is added to what a layer scores
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(pool(steps, kept) ** 2)
grads = tape.gradient(loss, pool.trainable_variables)
# fix: nonfinite/where-trap
# becomes: logits += tf.where(mask, 0.0, -1e9)  # what is padding gets no weight
# %% the scores stand in the where
with tf.GradientTape() as tape:
    masked = tf.where(kept, scores, -float("inf"))
    weights = tf.nn.softmax(masked)
    loss = tf.reduce_sum(tf.where(tf.reduce_any(kept, -1, keepdims=True), weights * scores, 0.0))
grad = tape.gradient(loss, scores)
# fix: nonfinite/where-trap
# becomes: masked = tf.where(kept, scores, -1e9)
# %% all in one line
with tf.GradientTape() as tape:
    chosen = tf.nn.softmax(tf.where(kept, scores, float("-inf"))) * scores
    loss = tf.reduce_sum(tf.where(kept, chosen, 0.0))
grad = tape.gradient(loss, scores)
# fix: nonfinite/where-trap
# becomes: chosen = tf.nn.softmax(tf.where(kept, scores, -1e9)) * scores
# %% an infinite number that nobody wrote down
with tf.GradientTape() as tape:
    lengths = tf.reduce_sum(tf.cast(kept, tf.float32), axis=1, keepdims=True)
    weights = scores / lengths
    loss = tf.reduce_sum(tf.where(lengths > 0.0, weights * scores, 0.0))
grad = tape.gradient(loss, scores)
# gone: -1e9
# fix: nonfinite/where-trap
