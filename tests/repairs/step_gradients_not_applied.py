# %% setup
import keras
import tensorflow as tf
params = {"w": tf.Variable(tf.ones((4, 1))), "b": tf.Variable(tf.zeros(1))}
x = tf.random.normal((32, 4), seed=1)
y = tf.reduce_sum(x, axis=1, keepdims=True) + 1.0
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
# %% the name of a loop over variables
# fix: step/gradients-not-applied
# becomes: var.assign_sub(0.05 * grads[name])  # a step
for i in range(4):
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean((x @ params["w"] + params["b"] - y) ** 2)
    grads = tape.gradient(cost, params)
    for name, var in params.items():
        var = var - 0.05 * grads[name]  # a step
# %% copies of the weights
# fix: step/gradients-not-applied
# becomes: for w, g in zip(model.trainable_variables, grads):
# becomes: w.assign_sub(0.05 * g.numpy())
for i in range(4):
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(cost, model.trainable_variables)
    for w, g in zip(model.get_weights(), grads):
        w -= 0.05 * g.numpy()
