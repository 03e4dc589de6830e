# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(5)
nodes, target = tf.random.normal((3, 5, 4)), tf.random.normal((3, 5, 4))
linker, kernel = keras.layers.Dense(5, activation="sigmoid"), tf.Variable(tf.random.normal((4, 4)))
heads, softmax = tf.Variable(tf.random.normal((2, 4, 4))), keras.layers.Softmax()
linker.build(nodes.shape)
edges = tf.Variable(tf.random.uniform((5, 5)))
class Graph(keras.layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(4, 4), name="kernel")
    def call(self, h, links):
        e = tf.nn.leaky_relu(tf.matmul(h @ self.kernel, h, transpose_b=True))
        nothing = -9e15 * tf.ones_like(e)
        attention = tf.where(links > 0, e, nothing)
        attention = tf.nn.softmax(attention, axis=-1)
        return tf.matmul(attention, h)
graph = Graph()
# %% a number far below zero where there is no edge
# fix: none/non-differentiable-op
# becomes: share = tf.nn.softmax(scores + outside) * links
with tf.GradientTape() as tape:
    links = linker(nodes)
    scores = tf.matmul(nodes @ kernel, nodes, transpose_b=True)
    outside = tf.where(links == 0.0, -1e9, 0.0)
    share = tf.nn.softmax(scores + outside)
    loss = tf.reduce_mean(tf.square(share @ nodes - target))
grads = tape.gradient(loss, linker.trainable_variables)
# %% scores that are replaced, in a class
# fix: none/non-differentiable-op
# becomes: attention = tf.nn.softmax(attention, axis=-1) * links
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(graph(nodes, linker(nodes)) - target))
    return tape.gradient(loss, linker.trainable_variables)
step()
# %% a truth value as a number, for several heads
# fix: none/non-differentiable-op
# becomes: share = tf.nn.softmax(scores + outside) * links[:, None]
with tf.GradientTape() as tape:
    links = linker(nodes)
    scores = tf.einsum("bnc,hcd,bmd->bhnm", nodes, heads, nodes)
    outside = (1.0 - tf.cast(tf.greater(links, 0.0), tf.float32))[:, None] * -1e9
    share = tf.nn.softmax(scores + outside)
    loss = tf.reduce_mean(tf.square(tf.reduce_mean(share @ nodes[:, None], axis=1) - target))
grads = tape.gradient(loss, linker.trainable_variables)
# %% the mask of a softmax of Keras
# fix: none/non-differentiable-op
# becomes: share = softmax(scores, mask=keep) * edges
with tf.GradientTape() as tape:
    scores = tf.matmul(nodes @ kernel, nodes, transpose_b=True)
    keep = tf.broadcast_to(edges != 0, (3, 5, 5))
    share = softmax(scores, mask=keep)
    loss = tf.reduce_mean(tf.square(share @ nodes - target))
grads = tape.gradient(loss, [edges])
# %% what is large is left out
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    distance = 4.0 * linker(nodes)
    scores = tf.matmul(nodes @ kernel, nodes, transpose_b=True)
    outside = tf.where(distance > 3.0, -1e9, 0.0)
    share = tf.nn.softmax(scores + outside)
    loss = tf.reduce_mean(tf.square(share @ nodes - target))
grads = tape.gradient(loss, linker.trainable_variables)
# %% another value under the name at the softmax
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    links = linker(nodes)
    scores = tf.matmul(nodes @ kernel, nodes, transpose_b=True)
    outside = tf.where(links == 0.0, -1e9, 0.0)
    links = tf.ones_like(scores)
    share = tf.nn.softmax(scores + outside)
    loss = tf.reduce_mean(tf.square(share @ nodes - target * links[..., :4]))
grads = tape.gradient(loss, linker.trainable_variables)
# %% a mask that keeps what is near zero
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    links = linker(nodes)
    scores = tf.matmul(nodes @ kernel, nodes, transpose_b=True)
    share = tf.nn.softmax(tf.where(links == 0.0, scores, -1e9))
    loss = tf.reduce_mean(tf.square(share @ nodes - target))
grads = tape.gradient(loss, linker.trainable_variables)
# %% a row that is masked from end to end, with a softmax by hand
# fix: nonfinite/invalid-forward-value
# becomes: shares = tf.math.divide_no_nan(tf.exp(worth), tf.reduce_sum(tf.exp(worth) * seen, -1, keepdims=True))
seen = tf.constant([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
ask = tf.Variable([[0.1, 0.4, -0.2], [0.3, 0.0, 0.5]])
with tf.GradientTape() as tape:
    worth = ask * 2.0
    shares = tf.exp(worth) / tf.reduce_sum(tf.exp(worth) * seen, -1, keepdims=True)
    loss = tf.reduce_sum(shares**2)
grad = tape.gradient(loss, ask)
