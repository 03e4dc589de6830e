# %% setup
import tensorflow as tf, keras
keras.utils.set_random_seed(0)
signals, wanted = tf.random.normal((16, 5)), tf.random.normal((16, 1))
slopes = tf.Variable(tf.ones(8), name="slopes")
embed, judge = keras.layers.Dense(8), keras.layers.Dense(1)
judge(embed(signals))
sgd = keras.optimizers.SGD(0.01)
def hidden(x):
    return tf.nn.silu(features=x, beta=tf.nn.softplus(slopes))
# %% a slope for every unit
# fix: error/gradient-shape-mismatch
# becomes: h = h * tf.sigmoid(slopes * h)
for step in range(2):
    with tf.GradientTape() as tape:
        h = tf.linalg.matmul(signals, tf.ones((5, 8)))
        h = tf.nn.silu(h, slopes)
        loss = tf.reduce_mean((judge(h) - wanted) ** 2)
    grads = tape.gradient(loss, [slopes])
    sgd.apply_gradients(zip(grads, [slopes]))
# %% a slope that is computed, in a function: the gradient has its shape by broadcasting
# fix: wrong/custom-gradient-mismatch
# becomes: return x * tf.sigmoid(tf.nn.softplus(slopes) * x)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((judge(hidden(embed(signals))) - wanted) ** 2)
grads = tape.gradient(loss, [slopes, judge.kernel])
# %% a layer inside runs once, and the product keeps its parentheses
# fix: error/gradient-shape-mismatch
# becomes: inner = embed(signals) + 1.0
# becomes: loss = tf.reduce_mean((judge(0.5 * (inner * tf.sigmoid(tf.reshape(slopes, (1, 8)) * inner))) - wanted) ** 2)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((judge(0.5 * tf.nn.swish(embed(signals) + 1.0, beta=tf.reshape(slopes, (1, 8)))) - wanted) ** 2)
grads = tape.gradient(loss, [slopes])
# %% what runs before a layer inside stays before it
# none: wrong/custom-gradient-mismatch
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(judge(signals @ tf.ones((5, 8))) + tf.nn.swish(embed(signals), beta=tf.exp(slopes)))
grads = tape.gradient(loss, [slopes])
