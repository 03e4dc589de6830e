import tensorflow as tf
x = tf.Variable(1.0, name="x")
y = tf.Variable(0.01, name="y")
# %% exp
with tf.GradientTape() as tape:
    loss = tf.exp(-1000.0 * x)  # expect: zero/underflow
grad = tape.gradient(loss, x)
# %% near: small and alive
with tf.GradientTape() as tape:
    loss = tf.exp(-1000.0 * y)
grad = tape.gradient(loss, y)
# %% setup
import tensorflow as tf
x = tf.constant([[30.0, 150.0], [60.0, 190.0]])
middle = tf.Variable([[0.1, 0.2], [0.3, 0.1]], name="middle")
kernel = tf.Variable([[0.5], [-0.5]], name="kernel")
bias = tf.Variable([0.0], name="bias")
# %% radial features of raw data: nothing is left for the next layer either
with tf.GradientTape() as tape:
    distance = tf.reduce_sum((x[:, :, None] - middle) ** 2, axis=1)
    features = tf.exp(-0.5 * distance)  # expect: zero/underflow
    logits = features @ kernel + bias
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones((2, 1)), logits=logits))
grads = tape.gradient(loss, [middle, kernel, bias])  # status: zero zero ok
