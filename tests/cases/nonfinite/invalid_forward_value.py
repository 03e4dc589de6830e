import tensorflow as tf
p = tf.Variable([0.0, 0.5], name="p")
# %% log of zero
with tf.GradientTape() as tape:
    h = tf.math.log(p)  # expect: nonfinite/invalid-forward-value
    loss = -tf.reduce_sum(h)
grad = tape.gradient(loss, p)
# %% zero by zero
with tf.GradientTape() as tape:
    q = p / (p * 1.0)  # expect: nonfinite/invalid-forward-value
    loss = tf.reduce_sum(q)
grad = tape.gradient(loss, p)
# %% near: divide no nan
with tf.GradientTape() as tape:
    q = tf.math.divide_no_nan(p, p * 2.0)
    loss = tf.reduce_sum(q * p)
grad = tape.gradient(loss, p)
# %% an infinite number times a mask
score = tf.Variable([1.0, 2.0], name="score")
mask = tf.constant([1.0, 0.0])
with tf.GradientTape() as tape:
    masked = score + (1.0 - mask) * -float("inf")  # expect: nonfinite/invalid-forward-value
    loss = tf.reduce_sum(tf.nn.softmax(masked) ** 2)
grad = tape.gradient(loss, score)
# %% an infinite number times a mask, compiled
score = tf.Variable([1.0, 2.0], name="score")
mask = tf.constant([1.0, 0.0])
@tf.function
def step():
    with tf.GradientTape() as tape:
        masked = score + (1.0 - mask) * -float("inf")  # expect: nonfinite/invalid-forward-value
        loss = tf.reduce_sum(tf.nn.softmax(masked) ** 2)
    return tape.gradient(loss, score)
step()
# %% near: an infinite number behind a selection
score = tf.Variable([1.0, 2.0, 3.0], name="score")
mask = tf.constant([True, False, True])
with tf.GradientTape() as tape:
    masked = tf.where(mask, score, -float("inf"))
    loss = tf.reduce_sum(tf.nn.softmax(masked) ** 2)
grad = tape.gradient(loss, score)
# %% the log of a determinant that is too small
factor = tf.Variable(0.01 * tf.eye(40), name="factor")
with tf.GradientTape() as tape:
    loss = tf.math.log(tf.linalg.det(factor))  # expect: nonfinite/invalid-forward-value
grad = tape.gradient(loss, factor)
