# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(2)
def build():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
model = build()
optimizer = keras.optimizers.Adam(1e-3)
optimizer.build(model.trainable_variables)
model = build()
x, y = tf.random.normal((4, 3), seed=1), tf.random.normal((4, 2), seed=2)
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% in the cell
# fix: error/unknown-variable
# becomes: optimizer = keras.optimizers.Adam(1e-3)
for turn in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% in a function
# fix: error/unknown-variable
# becomes: optimizer = keras.optimizers.Adam(1e-3)
for turn in range(2):
    step()
