# %% setup
import numpy as np
import tensorflow as tf
obs = np.cumsum(np.random.default_rng(0).normal(size=12)).astype("float32")
alpha, beta = tf.Variable(0.5), tf.Variable(0.1)
costs = tf.Variable(np.random.default_rng(1).uniform(0.5, 1.5, (3, 4)).astype("float32"))
def smoothed(x, a):
    level = np.zeros_like(x)
    level[0] = x[0]
    for t in range(1, len(x)):
        level[t] = a * x[t] + (1 - a) * level[t - 1]
    return level
# %% a level that is smoothed
# fix: none/left-tensorflow
# becomes: level = [0.0] * 12
# becomes: level = tf.stack(level)
with tf.GradientTape() as tape:
    level = np.zeros(12, "float32")
    level[0] = obs[0]
    for t in range(1, 12):
        level[t] = alpha * obs[t] + (1 - alpha) * level[t - 1]
    loss = tf.reduce_mean((obs[1:] - level[:-1]) ** 2)
grads = tape.gradient(loss, alpha)
# %% in a function of an earlier cell
# fix: none/left-tensorflow
# becomes: level = [0.0] * len(x)
# becomes: level = tf.stack(level)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((obs[1:] - smoothed(obs, alpha)[:-1]) ** 2)
grads = tape.gradient(loss, alpha)
# %% two arrays, one after the other
# fix: none/left-tensorflow
# becomes: level = [0.0] * 12
# becomes: level = tf.stack(level)
with tf.GradientTape() as tape:
    level = np.zeros(12)
    level[0] = float(obs[0])
    slope = beta
    for t in range(1, 12):
        level[t] = alpha * obs[t] + (1 - alpha) * (level[t - 1] + slope)
        slope = slope * 0.9
    loss = tf.reduce_mean((obs - level) ** 2)
grads = tape.gradient(loss, [alpha, beta])
# %% a table of least costs
# fix: none/left-tensorflow
# becomes: D = [[0.0] * 4 for _ in range(3)]
# becomes: D[i][j] = costs[i, j] + (0.0 if i == j == 0 else 0.5 * (D[i - 1][j] + D[i][j - 1]))
# becomes: D = tf.stack(D)
with tf.GradientTape() as tape:
    D = np.zeros((3, 4))
    for i in range(3):
        for j in range(4):
            D[i, j] = costs[i, j] + (0.0 if i == j == 0 else 0.5 * (D[i - 1, j] + D[i, j - 1]))
    loss = tf.sqrt(D[2, 3])
grads = tape.gradient(loss, costs)
# %% near: what was written is added up on the way
# none: none/left-tensorflow
with tf.GradientTape() as tape:
    level = np.zeros(12, "float32")
    for t in range(1, 12):
        level[t] = alpha * obs[t] + level[:t].sum()
    loss = tf.reduce_mean((obs - level) ** 2)
grads = tape.gradient(loss, alpha)
# %% the sum of what is collected
# fix: none/left-tensorflow
# becomes: cost = [0.0] * 3
# becomes: total = tf.reduce_sum(cost)
with tf.GradientTape() as tape:
    cost = np.zeros(3, dtype=np.float32)
    for t in range(3):
        cost[t] = tf.reduce_sum(alpha * obs[4 * t : 4 * t + 4])
    total = tf.constant(cost.sum())
grads = tape.gradient(total, alpha)
# %% two states, column by column
# fix: none/left-tensorflow
# becomes: ys = [[0.0] * 2 for _ in range(12)]
# becomes: ys[0] = list(start)
# becomes: ys[i + 1][0] = ys[i][0] + 0.1 * ys[i][1]
# becomes: ys = tf.stack(ys)
start = np.array([1.0, 0.0])
with tf.GradientTape() as tape:
    ys = np.zeros((12, 2))
    ys[0] = start
    for i in range(11):
        ys[i + 1, 0] = ys[i, 0] + 0.1 * ys[i, 1]
        ys[i + 1, 1] = ys[i, 1] - 0.1 * alpha * ys[i, 0]
    loss = tf.reduce_mean((ys[:, 0] - obs) ** 2)
grads = tape.gradient(loss, alpha)
