# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
x = tf.random.normal((8, 3))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.01)
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
def gradients():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - 1.0) ** 2)
    return tape.gradient(loss, model.trainable_variables)
# %% a sum
# fix: step/updated-twice
# becomes: kept.assign(tf.zeros_like(kept))
for step in range(8):
    for total, gradient in zip(sums, gradients()):
        total.assign_add(gradient)
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(sums, model.trainable_variables))
# %% a mean, made in the call
# fix: step/updated-twice
# becomes: for kept in sums:
for step in range(8):
    for total, gradient in zip(sums, gradients()):
        total.assign_add(gradient)
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip([total / 2.0 for total in sums], model.trainable_variables))
# %% a list made anew in each turn
# fix: step/updated-twice
# becomes: totals = [tf.zeros_like(t) for t in totals]
totals = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(8):
    totals = [t + g for t, g in zip(totals, gradients())]
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip([t / 2.0 for t in totals], model.trainable_variables))
# %% element by element, with a name for the mean
# fix: step/updated-twice
# becomes: totals = [tf.zeros_like(t) for t in totals]
totals = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(6):
    for i, gradient in enumerate(gradients()):
        totals[i] += gradient
    if step % 3 == 2:
        mean = [total / 3.0 for total in totals]
        optimizer.apply_gradients(zip(mean, model.trainable_variables))
# %% begun with the first one
# fix: step/updated-twice
# becomes: totals = [tf.zeros_like(t) for t in totals]
totals = None
for step in range(8):
    found = gradients()
    if totals is None:
        totals = found
    else:
        totals = [t + g for t, g in zip(totals, found)]
    if (step + 1) % 4 == 0:
        optimizer.apply_gradients(zip(totals, model.trainable_variables))
# %% what is to be summed
# fix: step/updated-twice
# becomes: several = []
several = []
for step in range(8):
    several.append(gradients())
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip([sum(g) for g in zip(*several)], model.trainable_variables))
