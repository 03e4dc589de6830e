# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(20)
rows = tf.random.normal((12, 4))
near, far = rows[:, :1], rows[:, 1:2]
heads = [keras.layers.Dense(1) for _ in range(2)]
for head in heads:
    head.build((None, 4))
wanted = [v for head in heads for v in head.trainable_variables]
# %% each turn forgets the one before
# fix: none/discarded-result
# becomes: cost += tf.reduce_mean((head(rows) - aim) ** 2)
with tf.GradientTape() as tape:
    cost = 0.0
    for head, aim in zip(heads, (near, far)):
        cost = tf.reduce_mean((head(rows) - aim) ** 2)
grads = tape.gradient(cost, wanted)
# %% in a function
# fix: none/discarded-result
# becomes: total += 0.5 * tf.reduce_mean(tf.abs(head(rows) - aim))
def misfit():
    total = tf.constant(0.0)
    for head, aim in zip(heads, (near, far)):
        total = 0.5 * tf.reduce_mean(tf.abs(head(rows) - aim))
    return total
with tf.GradientTape() as tape:
    cost = misfit()
grads = tape.gradient(cost, wanted)
# %% near: the last of several is meant, which begins with no number
# none: none/discarded-result
with tf.GradientTape() as tape:
    cost = None
    for head, aim in zip(heads, (near, far)):
        cost = tf.reduce_mean((head(rows) - aim) ** 2)
grads = tape.gradient(cost, wanted)
