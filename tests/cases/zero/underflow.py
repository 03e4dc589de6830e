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
# %% setup
import tensorflow as tf
factors = tf.Variable(tf.fill([40], 0.05), name="factors")
share = tf.Variable([0.3, 0.7], name="share")
chances = tf.constant([[0.2, 0.1], [0.1, 0.3]])

@tf.function
def likelihood(turns):
    state = tf.nn.softmax(share)
    for _ in tf.range(turns):
        state = tf.linalg.matvec(chances, state) * 0.1  # expect: zero/underflow
    return tf.reduce_sum(state)
# %% probabilities multiplied in a loop
with tf.GradientTape() as tape:
    chance = tf.constant(1.0)
    for i in range(40):
        chance = chance * factors[i]  # expect: zero/underflow
    loss = -chance
grad = tape.gradient(loss, factors)
# %% in a function that the tape sees as one
with tf.GradientTape() as tape:
    loss = -likelihood(60)
grad = tape.gradient(loss, share)
# %% near: a product with a zero that is meant
with tf.GradientTape() as tape:
    loss = likelihood(3) * tf.reduce_sum(share)
grad = tape.gradient(loss, share)
# %% the step of a difference quotient is lost
scale = tf.Variable([2.0, 3.0], name="scale")
place = tf.constant([1.0, 4.0])
def slope(at, h=1e-9):
    return (tf.sin(scale * (at + h)) - tf.sin(scale * at)) / h  # expect: zero/underflow
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(slope(place) + 2.0)
grad = tape.gradient(loss, scale)  # status: zero
# %% near: a step that is not lost
scale = tf.Variable([2.0, 3.0], name="scale")
place = tf.constant([1.0, 4.0])
def slope(at, h=1e-2):
    return (tf.sin(scale * (at + h)) - tf.sin(scale * at)) / h
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(slope(place) + 2.0)
grad = tape.gradient(loss, scale)
# %% near: an epsilon beside a value, and a difference that is 0 for another reason
scale = tf.Variable([2.0, 3.0], name="scale")
with tf.GradientTape() as tape:
    left = tf.sqrt(scale + 1e-9)
    loss = tf.reduce_sum((left - tf.stop_gradient(left)) * 3.0)
grad = tape.gradient(loss, scale)
