# %% setup
import keras
import tensorflow as tf
from keras import ops
weights = tf.Variable([[0.5, 0.0, -2.0], [0.0, 1.0, 0.25]], name="weights")
x = tf.ones((4, 2))
# %% a penalty on how many are not 0
# fix: none/non-differentiable-op
# becomes: sparsity = tf.cast(tf.reduce_sum(tf.abs(weights)), tf.float32)
with tf.GradientTape() as tape:
    sparsity = tf.cast(tf.math.count_nonzero(weights), tf.float32)
grad = tape.gradient(sparsity, weights)
# %% along an axis, in a function of keras.ops
# fix: none/non-differentiable-op
# becomes: return ops.max(ops.cast(ops.sum(ops.abs(matrix), axis=0), "float32"))
def fullest(matrix):
    return ops.max(ops.cast(ops.count_nonzero(matrix, axis=0), "float32"))
with tf.GradientTape() as tape:
    loss = fullest(weights * 1.0)
grad = tape.gradient(loss, weights)
# %% near: a count of what is true
# none: none/non-differentiable-op
with tf.GradientTape() as tape:
    loss = tf.cast(tf.math.count_nonzero(tf.math.is_nan(weights)), tf.float32)
grad = tape.gradient(loss, weights)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(5)
x, y = tf.random.normal((16, 3), seed=1), tf.random.normal((16, 1), seed=2)
# %% a rate by a global number
# fix: step/stale-capture
# becomes: passes = tf.Variable(0.0)
# becomes: passes.assign_add(1)
passes = 0
@tf.function
def step(w):
    global passes
    passes += 1
    rate = 0.1 * 0.9**passes
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    w.assign_sub(rate * tape.gradient(loss, w))
w = tf.Variable([1.0, 2.0])
for turn in range(5):
    step(w)
# %% one of two numbers that are given together
# fix: step/stale-capture
# becomes: self.dense, self.count, self.most = keras.layers.Dense(3), tf.Variable(0.0), 100
# becomes: self.count.assign_add(1)
# becomes: share = tf.minimum(1.0, self.count / self.most)
class Shrinking(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.count, self.most = keras.layers.Dense(3), 0, 100
    def call(self, inputs):
        return self.dense(inputs)
    def train_step(self, data):
        self.count += 1
        share = min(1.0, self.count / self.most)
        with tf.GradientTape() as tape:
            given = self(data)
            loss = tf.reduce_mean((given - data) ** 2) + share * tf.reduce_mean(given**2)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        return {"loss": loss}
net = Shrinking()
net.compile(keras.optimizers.SGD(0.01))
history = net.fit(x, batch_size=4, epochs=1, verbose=0)
