import tensorflow as tf
a = tf.Variable(1.0, name="a")
b = tf.Variable(2.0, name="b")
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.build([a, b])
# %% swapped
with tf.GradientTape() as tape:
    loss = a * a + 3.0 * b
grads = tape.gradient(loss, [a, b])
optimizer.apply_gradients(zip(grads, [b, a]))  # expect: step/gradients-zipped-out-of-order
# %% near: both lists turned
with tf.GradientTape() as tape:
    loss = a * a + 3.0 * b
grads = tape.gradient(loss, [b, a])
optimizer.apply_gradients(zip(grads, [b, a]))
# %% near: clipped in between
with tf.GradientTape() as tape:
    loss = a * a + 3.0 * b
grads, _ = tf.clip_by_global_norm(tape.gradient(loss, [a, b]), 0.1)
optimizer.apply_gradients(zip(grads, [a, b]))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
states, returns = tf.random.normal((16, 3)), tf.random.normal((16, 1))
def network():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
local, shared, other = network(), network(), network()
optimizer = keras.optimizers.SGD(0.05)
shared.set_weights(local.get_weights())
def gradients_of(model):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(states) - returns) ** 2)
    return tape.gradient(loss, model.trainable_variables)
# %% the gradients of one network go to another one, which has weights of its own
for turn in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((local(states) - returns) ** 2)
    grads = tape.gradient(loss, local.trainable_variables)
    optimizer.apply_gradients(zip(grads, other.trainable_variables))  # expect: step/gradients-zipped-out-of-order
# %% in one step, from a function
grads = gradients_of(local)
optimizer.apply_gradients(zip(grads, other.trainable_variables))  # expect: step/gradients-zipped-out-of-order
# %% near: a worker's copy, which gets the weights of the shared network after every step
for turn in range(3):
    grads = gradients_of(local)
    optimizer.apply_gradients(zip(grads, shared.trainable_variables))
    local.set_weights(shared.get_weights())
# %% near: one step of a worker's copy that an earlier cell made
grads = gradients_of(local)
optimizer.apply_gradients(zip(grads, shared.trainable_variables))
# %% near: gradients at weights that an inner step led to (first-order MAML)
fast = keras.models.clone_model(other)
for task in range(3):
    fast.set_weights(other.get_weights())
    for variable, gradient in zip(fast.trainable_variables, gradients_of(fast)):
        variable.assign_sub(0.1 * gradient)
    optimizer.apply_gradients(zip(gradients_of(fast), other.trainable_variables))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
states, returns = tf.random.normal((16, 3)), tf.random.normal((16, 1))
def network():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
local, shared, other = network(), network(), network()
shared.set_weights(local.get_weights())
def step_of(target):
    optimizer = keras.optimizers.SGD(0.05)
    optimizer.build(target.trainable_variables)
    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((local(states) - returns) ** 2)
        grads = tape.gradient(loss, local.trainable_variables)
        optimizer.apply_gradients(zip(grads, target.trainable_variables))  # expect: step/gradients-zipped-out-of-order
    return step
# %% another network's variables, in a compiled step
step = step_of(other)
step()
# %% near: a copy, in a compiled step
step = step_of(shared)
step()
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
seen, wanted = tf.random.normal((16, 8)), tf.random.normal((16, 1))
latent = tf.Variable(tf.random.normal((8, 1), stddev=0.1))
rounded = tf.Variable(tf.sign(latent))
# %% near: the gradient of the signs that an earlier cell took, in one step (a straight-through estimator)
optimizer = keras.optimizers.SGD(1e-3)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((seen @ rounded - wanted) ** 2)
optimizer.apply_gradients([(tape.gradient(loss, rounded), latent)])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.1)
x = tf.random.normal((16, 3), seed=1)
copies = [tf.Variable(w) for w in model.get_weights()]
def gradients(rows):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(rows) - 1.0) ** 2)
    return tape.gradient(loss, model.trainable_variables)
# %% copies that nothing reads
for turn in range(4):
    optimizer.apply_gradients(zip(gradients(x), copies))  # expect: step/gradients-zipped-out-of-order
# %% near: copies that are written back
for turn in range(4):
    optimizer.apply_gradients(zip(gradients(x), copies))
    for v, c in zip(model.trainable_variables, copies):
        v.assign(c)
# %% near: a server that is read at the end
for part in tf.split(x, 4):
    optimizer.apply_gradients(zip(gradients(part), copies))
model.set_weights([c.numpy() for c in copies])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])
spreads = [tf.Variable(0.0, name="s1"), tf.Variable(0.0, name="s2")]
x, y, opt = tf.random.normal((8, 5)), tf.random.normal((8, 2)), keras.optimizers.Adam(0.01)
# %% near: two variables that are added have one tensor as their gradient
for _ in range(2):
    with tf.GradientTape() as tape:
        error = tf.reduce_mean(tf.square(model(x) - y), axis=0)
        loss = 0.5 * error[0] + spreads[0] + 0.5 * error[1] + spreads[1]
    trained = model.trainable_variables + spreads
    grads = tape.gradient(loss, trained)
    opt.apply_gradients(zip(grads, trained))
assert grads[2] is grads[3]
