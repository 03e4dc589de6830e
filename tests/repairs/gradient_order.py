# %% setup
import tensorflow as tf
x = tf.random.normal((20, 4), seed=1)
y = tf.reduce_sum(x, axis=1, keepdims=True)
wq, wk, wv = (tf.Variable(tf.random.normal((4, 4), stddev=0.3, seed=i), name=n) for i, n in enumerate(("wq", "wk", "wv")))
a, b = tf.Variable(tf.random.normal((4, 1), seed=5)), tf.Variable(tf.random.normal((4, 1), seed=6))
optimizer = tf.keras.optimizers.SGD(0.1)
def sgd(variable, gradient, rate=0.1):
    variable.assign_sub(rate * gradient)
def attend(inputs):
    return tf.nn.softmax((inputs @ wq) @ tf.transpose(inputs @ wk)) @ (inputs @ wv)
def bent(inputs):
    return tf.sin(inputs @ a) * tf.tanh(inputs @ b)
# %% names in another order than the sources
# fix: step/gradients-zipped-out-of-order
# becomes: dq, dk, dv = tape.gradient(loss, [wq, wk, wv])  # one each
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((attend(x) - y) ** 2)
    dv, dq, dk = tape.gradient(loss, [wq, wk, wv])  # one each
    sgd(wq, dq)
    sgd(wk, dk)
    sgd(wv, dv)
# %% names given to an optimizer
# fix: step/gradients-zipped-out-of-order
# becomes: (da, db) = tape.gradient(loss, weights)
weights = [a, b]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((bent(x) - y) ** 2)
(db, da) = tape.gradient(loss, weights)
optimizer.apply_gradients([(da, a), (db, b)])
# %% sources in another order than the names
# fix: step/gradients-zipped-out-of-order
# becomes: first, second, third = tape.gradient(loss, [wq, wk, wv])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((attend(x) - y) ** 2)
first, second, third = tape.gradient(loss, [wv, wq, wk])
sgd(wq, first)
sgd(wk, second)
sgd(wv, third)
# %% indices of the result
# fix: step/gradients-zipped-out-of-order
# becomes: optimizer.apply_gradients([(g[0], a), (g[1], b)])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((bent(x) - y) ** 2)
g = tape.gradient(loss, [a, b])
optimizer.apply_gradients([(g[1], a), (g[0], b)])
# %% indices in assignments
# fix: step/gradients-zipped-out-of-order
# becomes: g = tape.gradient(loss, [wk, wq, wv])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((attend(x) - y) ** 2)
g = tape.gradient(loss, [wq, wk, wv])
sgd(wk, 0.1 * g[0])
sgd(wq, 0.1 * g[1])
sgd(wv, 0.1 * g[2])
# %% sources in another order than the indices
# fix: step/gradients-zipped-out-of-order
# becomes: g = tape.gradient(loss, [a, b])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((bent(x) - y) ** 2)
g = tape.gradient(loss, [b, a])
sgd(a, g[0])
sgd(b, g[1])
# %% the right names at the wrong variables
# fix: step/gradients-zipped-out-of-order
# becomes: sgd(a, da)
# becomes: sgd(b, db)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((bent(x) - y) ** 2)
da, db = tape.gradient(loss, [a, b])
sgd(a, db)
sgd(b, da)
# %% a gradient that was forgotten
# fix: step/gradients-zipped-out-of-order
# becomes: sgd(b, db)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((bent(x) - y) ** 2)
da, db = tape.gradient(loss, [a, b])
sgd(a, da)
sgd(b, da)
# %% near: one gradient for two variables
# none: step/gradients-zipped-out-of-order
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((bent(x) - y) ** 2)
da, db = tape.gradient(loss, [a, b])
sgd(a, da)
sgd(b, da + db)
sgd(b, da)
# %% the gradients of the other network
# fix: step/gradients-zipped-out-of-order
# becomes: decoding.apply_gradients(zip(of_decoder, decoder.trainable_variables))
encoder, decoder = (tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(4)]) for _ in range(2))
encoding, decoding = tf.keras.optimizers.SGD(0.1), tf.keras.optimizers.SGD(0.1)
for _ in range(2):
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean((decoder(encoder(x)) - x) ** 2)
    of_encoder = tape.gradient(loss, encoder.trainable_variables)
    of_decoder = tape.gradient(loss, decoder.trainable_variables)
    encoding.apply_gradients(zip(of_encoder, encoder.trainable_variables))
    decoding.apply_gradients(zip(of_encoder, decoder.trainable_variables))
# %% the gradients of a network of other shapes, in a function
# fix: error/gradient-shape-mismatch
# becomes: judging.apply_gradients(zip(slopes_of_judge, judge.trainable_variables))
maker, judge = (tf.keras.Sequential([tf.keras.Input((4,)), tf.keras.layers.Dense(n)]) for n in (4, 1))
making, judging = tf.keras.optimizers.SGD(0.1), tf.keras.optimizers.SGD(0.1)
def both(data):
    with tf.GradientTape() as making_tape, tf.GradientTape() as judging_tape:
        seen = judge(maker(data))
        fooled, caught = tf.reduce_mean((seen - 1.0) ** 2), tf.reduce_mean(seen**2)
    slopes_of_maker = making_tape.gradient(fooled, maker.trainable_variables)
    slopes_of_judge = judging_tape.gradient(caught, judge.trainable_variables)
    making.apply_gradients(zip(slopes_of_maker, maker.trainable_variables))
    judging.apply_gradients(zip(slopes_of_maker, judge.trainable_variables))
both(x)
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
states, returns = tf.random.normal((16, 3)), tf.random.normal((16, 1))
def network():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
policy, spare = network(), network()
optimizer = keras.optimizers.SGD(0.05)
# %% the variables of another network
# fix: step/gradients-zipped-out-of-order
# becomes: optimizer.apply_gradients(zip(grads, policy.trainable_variables))
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((policy(states) - returns) ** 2)
grads = tape.gradient(loss, policy.trainable_variables)
optimizer.apply_gradients(zip(grads, spare.trainable_variables))
