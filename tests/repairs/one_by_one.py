# %% setup
import keras
import tensorflow as tf
x = tf.random.normal((24, 5), seed=3)
y = tf.reduce_sum(x, axis=1, keepdims=True)
weights = [tf.Variable(tf.random.normal(s, stddev=0.4, seed=i)) for i, s in enumerate([(5, 6), (6,), (6, 1), (1,)])]
u, v, c = tf.Variable(tf.ones((5, 3))), tf.Variable(tf.ones((3, 1))), tf.Variable(tf.zeros(1))
net = {"in": tf.Variable(tf.ones((5, 3))), "mid": tf.Variable(tf.ones((3, 3))), "out": tf.Variable(tf.ones((3, 1)))}
rate = 0.01
def deep(p):
    return tf.reduce_mean((tf.tanh(x @ p[0] + p[1]) @ p[2] + p[3] - y) ** 2)
def plain():
    return tf.reduce_mean((x @ u @ v + c - y) ** 2)
def descend(params, slopes, size):
    params[0].assign_sub(size * slopes[0])
    params[1].assign_sub(size * slopes[1])
class Net:
    def __init__(self):
        self.a, self.b, self.c = tf.Variable(tf.ones((5, 2))), tf.Variable(tf.ones((2, 1))), tf.Variable(0.5)
    def step(self):
        with tf.GradientTape() as tape:
            error = tf.reduce_mean((x @ self.a @ self.b + self.c - y) ** 2)
        slopes = tape.gradient(error, [self.a, self.b, self.c])
        self.a.assign_sub(rate * slopes[0])
        self.b.assign_sub(rate * slopes[1])
        return error
# %% the first members of a list, by their index
# fix: step/gradients-not-applied
# becomes: for variable, gradient in zip(weights, grads):
# becomes: variable.assign_sub(rate * gradient)  # downhill
# gone: weights[1].assign_sub(rate * grads[1])
for turn in range(3):
    with tf.GradientTape() as tape:
        error = deep(weights)
    grads = tape.gradient(error, weights)
    weights[0].assign_sub(rate * grads[0])  # downhill
    weights[1].assign_sub(rate * grads[1])
# %% names that are taken, and the whole value
# fix: step/gradients-not-applied
# becomes: for variable_2, gradient in zip(weights, grads):
# becomes: variable_2.assign(variable_2 - rate * tf.clip_by_norm(gradient, 1.0))
for turn in range(3):
    with tf.GradientTape() as tape:
        variable = deep(weights)
    grads = tape.gradient(variable, weights)
    weights[0].assign(weights[0] - rate * tf.clip_by_norm(grads[0], 1.0))
# %% the members of a dict
# fix: step/gradients-not-applied
# becomes: for name in net:
# becomes: net[name].assign_sub(rate * grads[name])
for turn in range(3):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean((x @ net["in"] @ net["mid"] @ net["out"] - y) ** 2)
    grads = tape.gradient(error, net)
    net["in"].assign_sub(rate * grads["in"])
    net["out"].assign_sub(rate * grads["out"])
# %% in a function that is handed both
# fix: step/gradients-not-applied
# becomes: for variable, gradient in zip(params, slopes):
# becomes: variable.assign_sub(size * gradient)
for turn in range(3):
    with tf.GradientTape() as tape:
        error = deep(weights)
    grads = tape.gradient(error, weights)
    descend(weights, grads, rate)
# %% a loop that ends before the last
# fix: step/gradients-not-applied
# becomes: for i in range(len(weights)):
for turn in range(3):
    with tf.GradientTape() as tape:
        error = deep(weights)
    grads = tape.gradient(error, weights)
    for i in range(2):
        weights[i].assign_sub(rate * grads[i])
# %% variables and gradients with names of their own
# fix: step/gradients-not-applied
# becomes: v.assign_sub(rate * dv)
for turn in range(3):
    with tf.GradientTape() as tape:
        error = plain()
    du, dv, dc = tape.gradient(error, [u, v, c])
    u.assign_sub(rate * du)
    c.assign_sub(rate * dc)
# %% attributes, in a method
# fix: step/gradients-not-applied
# becomes: self.c.assign_sub(rate * slopes[2])
model = Net()
for turn in range(3):
    model.step()
# %% pairs of a list, by their index
# fix: step/gradients-not-applied
# becomes: optimizer.apply_gradients(zip(grads, weights))
optimizer = keras.optimizers.SGD(rate)
for turn in range(3):
    with tf.GradientTape() as tape:
        error = deep(weights)
    grads = tape.gradient(error, weights)
    optimizer.apply_gradients([(grads[0], weights[0]), (grads[1], weights[1])])
# %% pairs with names of their own
# fix: step/gradients-not-applied
# becomes: optimizer.apply_gradients([(du, u), (dv, v), (dc, c)])
optimizer = keras.optimizers.SGD(rate)
for turn in range(3):
    with tf.GradientTape() as tape:
        error = plain()
    du, dv, dc = tape.gradient(error, [u, v, c])
    optimizer.apply_gradients([(du, u), (dv, v)])
# %% near: only the last layer
# none: step/gradients-not-applied
for turn in range(3):
    with tf.GradientTape() as tape:
        error = deep(weights)
    grads = tape.gradient(error, weights)
    weights[2].assign_sub(rate * grads[2])
    weights[3].assign_sub(rate * grads[3])
# %% near: each with a rate of its own
# none: step/gradients-not-applied
for turn in range(3):
    with tf.GradientTape() as tape:
        error = deep(weights)
    grads = tape.gradient(error, weights)
    weights[0].assign_sub(0.01 * grads[0])
    weights[1].assign_sub(0.1 * grads[1])
# %% near: a gradient that is not wanted
# none: step/gradients-not-applied
for turn in range(3):
    with tf.GradientTape() as tape:
        error = plain()
    du, dv, _ = tape.gradient(error, [u, v, c])
    u.assign_sub(rate * du)
    v.assign_sub(rate * dv)
# %% near: moments that are kept beside
# none: step/gradients-not-applied
moments = [tf.Variable(tf.zeros_like(w)) for w in weights]
for turn in range(3):
    with tf.GradientTape() as tape:
        error = deep(weights)
    grads = tape.gradient(error, weights)
    moments[0].assign(0.9 * moments[0] + grads[0])
    weights[0].assign_sub(rate * moments[0])
