import tensorflow as tf
import keras
keras.utils.set_random_seed(1)
x, y = tf.random.normal((8, 4)), tf.random.normal((8, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
sgd = keras.optimizers.SGD(0.1)
def train(net):
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(x) - y) ** 2)
        sgd.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))  # expect: step/trained-another-object
# %% a clone is trained, the original predicts
copy = keras.models.clone_model(model)  # also: step/trained-another-object
train(copy)  # also: step/trained-another-object
print(float(tf.reduce_mean((model(x) - y) ** 2)))  # also: step/trained-another-object
# %% a clone is trained in the cell, the original evaluated
before = float(tf.reduce_mean((model(x) - y) ** 2))
copy = keras.models.clone_model(model)  # also: step/trained-another-object
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((copy(x) - y) ** 2)
    grads = tape.gradient(loss, copy.trainable_variables)
    sgd.apply_gradients(zip(grads, copy.trainable_variables))  # also: step/trained-another-object
after = float(tf.reduce_mean((model(x) - y) ** 2))  # expect: step/trained-another-object
# %% near: the weights are copied back
copy = keras.models.clone_model(model)
train(copy)
model.set_weights(copy.get_weights())
print(float(tf.reduce_mean((model(x) - y) ** 2)))
