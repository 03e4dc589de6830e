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
