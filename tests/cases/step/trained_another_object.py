import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
def train(net):
    optimizer = keras.optimizers.SGD(0.1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(x) - y))
        grads = tape.gradient(loss, net.trainable_variables)
        optimizer.apply_gradients(zip(grads, net.trainable_variables))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="tanh"), keras.layers.Dense(1)])
# %% a clone is trained
copy = keras.models.clone_model(model)
train(copy)
error = float(tf.reduce_mean(tf.square(model(x) - y)))  # expect: step/trained-another-object
# %% near: the clone is evaluated
copy = keras.models.clone_model(model)
train(copy)
error = float(tf.reduce_mean(tf.square(copy(x) - y)))
# %% near: the weights are copied back
copy = keras.models.clone_model(model)
train(copy)
model.set_weights(copy.get_weights())
error = float(tf.reduce_mean(tf.square(model(x) - y)))
