import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
recurrent = tf.Variable(0.3 * tf.eye(6), name="recurrent")
start = tf.Variable(tf.ones((1, 6)), name="start")
# %% a recurrence of forty steps
with tf.GradientTape() as tape:
    state = start
    for _ in range(40):
        state = tf.tanh(state @ recurrent + 0.1)  # expect: scale/vanishing-through-depth
    loss = tf.reduce_sum(tf.square(state - 1.0))
grads = tape.gradient(loss, [start, recurrent])
# %% sigmoids, layer by layer
layers = [tf.Variable(0.3 * tf.random.normal((6, 6), seed=i), name=f"k{i}") for i in range(25)]
with tf.GradientTape() as tape:
    h = tf.ones((4, 6))
    for k in layers:
        h = tf.sigmoid(h @ k)  # expect: scale/vanishing-through-depth
    loss = tf.reduce_sum(tf.square(h - 1.0))
grads = tape.gradient(loss, layers)
# %% near: with residual connections
with tf.GradientTape() as tape:
    state = start
    for _ in range(40):
        state = state + 0.1 * tf.tanh(state @ recurrent + 0.1)
    loss = tf.reduce_sum(tf.square(state - 1.0))
grads = tape.gradient(loss, [start, recurrent])
# %% deep sigmoids, fit
deep = keras.Sequential([keras.Input((16,))])
for i in range(10):
    deep.add(keras.layers.Dense(16, activation="sigmoid", kernel_initializer="random_normal"))  # expect: scale/vanishing-through-depth
deep.add(keras.layers.Dense(4))
deep.compile("sgd", "mse")
deep.fit(tf.random.normal((32, 16)), tf.random.uniform((32, 4)), verbose=0)
# allow: step/update-without-effect
