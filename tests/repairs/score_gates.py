# %% setup
import tensorflow as tf
scorer = tf.Variable(tf.random.normal((4, 1), seed=1))
encoder = tf.Variable(tf.random.normal((4, 3), seed=2))
nodes = tf.random.normal((9, 4), seed=3)
def pooled(x, k):
    scores = (x @ scorer)[:, 0]
    best, place = tf.math.top_k(scores, k=k)
    kept = tf.gather(x, place)
    return kept @ encoder
# %% values and places
# fix: none/non-differentiable-op
# becomes: kept = tf.gather(x, place) * tf.sigmoid(best)[:, tf.newaxis]
with tf.GradientTape() as tape:
    cost = tf.reduce_mean(pooled(nodes, 4) ** 2)
grads = tape.gradient(cost, [scorer, encoder])
# %% by a name for both
# fix: none/non-differentiable-op
# becomes: cost = tf.reduce_mean(((tf.gather(nodes, top.indices) * tf.sigmoid(top.values)[:, tf.newaxis]) @ encoder) ** 2)
with tf.GradientTape() as tape:
    top = tf.math.top_k((nodes @ scorer)[:, 0], k=3)
    cost = tf.reduce_mean((tf.gather(nodes, top.indices) @ encoder) ** 2)
grads = tape.gradient(cost, [scorer, encoder])
# %% near: what is looked up has no rank that is known to weigh
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    top = tf.math.top_k((nodes @ scorer)[:, 0], k=3)
    cost = tf.reduce_sum(tf.cast(tf.gather(tf.range(9), top.indices), tf.float32) * 0.1)
grad = tape.gradient(cost, scorer)
