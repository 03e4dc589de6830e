import tensorflow as tf
x, y = tf.random.normal((32, 8), seed=1), tf.random.normal((32, 1), seed=2)
large = [tf.Variable(4.0 * tf.random.normal((8, 8), seed=i), name=f"w{i}") for i in range(12)]
# %% twelve large layers
with tf.GradientTape() as tape:
    h = x
    for w in large:
        h = h @ w  # expect: scale/exploding-through-depth
    loss = tf.reduce_mean(tf.abs(h - y))
grads = tape.gradient(loss, large)
# %% near: two
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.abs(x @ large[0] @ large[1] - y))
grads = tape.gradient(loss, large[:2])  # status: ok ok
