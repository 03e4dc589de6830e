import numpy as np
import tensorflow as tf
import keras
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = np.ones((32, 1), "float32")

def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])

net, target, critic = make(), make(), make()
opt, opt2 = keras.optimizers.Adam(), keras.optimizers.Adam()
# %% plain
with tf.GradientTape() as tape:
    loss = w * b
grads = tape.gradient(loss, [w, b])
# %% target network
with tf.GradientTape() as tape:
    goal = tf.stop_gradient(target(x))
    loss = tf.reduce_mean((net(x) - goal) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
opt.apply_gradients(zip(grads, net.trainable_variables))
# %% straight through
with tf.GradientTape() as tape:
    h = w * 1.3
    q = h + tf.stop_gradient(tf.round(h) - h)
    loss = q * q
grad = tape.gradient(loss, w)
w.assign_sub(0.01 * grad)
# %% logging on the way
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
    print(float(loss), loss.numpy(), f"{loss:.3f}", np.round(loss, 2))
grads = tape.gradient(loss, net.trainable_variables)
opt.apply_gradients(zip(grads, net.trainable_variables))
# %% alternating steps
for _ in range(2):
    with tf.GradientTape() as tape:
        d = tf.reduce_mean(critic(net(x)[:, :1] * tf.ones((1, 4))))
    opt2.apply_gradients(zip(tape.gradient(d, critic.trainable_variables), critic.trainable_variables))
    with tf.GradientTape() as tape:
        g = -tf.reduce_mean(critic(net(x)[:, :1] * tf.ones((1, 4))))
    opt.apply_gradients(zip(tape.gradient(g, net.trainable_variables), net.trainable_variables))
# %% clipped by global norm
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((net(x) - y) ** 2)
grads, norm = tf.clip_by_global_norm(tape.gradient(loss, net.trainable_variables), 0.1)
opt.apply_gradients(zip(grads, net.trainable_variables))
# %% compiled fit
net.compile("adam", "mse")
history = net.fit(x, y, batch_size=8, epochs=2, verbose=0)
# %% setup
import numpy as np
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = np.ones((32, 1), "float32")
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
net.compile("adam", "mse")
history = net.fit(x, y, batch_size=8, epochs=2, verbose=0)
# %% fit again, traced before
history = net.fit(x, y, batch_size=8, epochs=1, verbose=0)
# %% setup
import numpy as np
import tensorflow as tf
import keras
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = np.ones((32, 1), "float32")

def make():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])

net, target, critic = make(), make(), make()
opt, opt2 = keras.optimizers.Adam(), keras.optimizers.Adam()
# %% train on batch and jit
jitted = make()
jitted.compile("sgd", "mse", jit_compile=True)
value = jitted.train_on_batch(x, y)
# %% saliency
image = tf.constant(x)
with tf.GradientTape() as tape:
    tape.watch(image)
    score = tf.reduce_sum(net(image))
saliency = tape.gradient(score, image)
# %% second order
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        z = w ** 3
    dz = inner.gradient(z, w)
d2z = outer.gradient(dz, w)
# %% jacobian
with tf.GradientTape() as tape:
    z = w * tf.constant([1.0, 2.0])
jac = tape.jacobian(z, w)
# %% embedding
emb = keras.layers.Embedding(10, 3)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(emb(tf.constant([1, 2])) ** 2)
grads = tape.gradient(loss, emb.trainable_variables)
# %% loop in a graph
@tf.function
def train(steps):
    for i in tf.range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(x) - y) ** 2)
        grads = tape.gradient(loss, net.trainable_variables)
        opt.apply_gradients(zip(grads, net.trainable_variables))
    return loss
train(tf.constant(3))
# %% no gradients at all
total = np.sum(x)
names = [f"a{i}" for i in range(3)]
# %% gradient reversal
@tf.custom_gradient
def reverse(v):
    return tf.identity(v), lambda dy: -dy
with tf.GradientTape() as tape:
    loss = reverse(w * b) * 2.0
grads = tape.gradient(loss, [w, b])
# %% a number that a variable has as well
two = tf.Variable(2.0, name="two")
with tf.GradientTape() as tape:
    loss = w * b * 2.0
    loss = loss + two * 1.5
grads = tape.gradient(loss, [w, b, two])
