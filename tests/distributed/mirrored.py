# %% eager stop_gradient
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        prediction = xb @ tf.stop_gradient(w) + b  # expect: none/stop-gradient
        loss = tf.reduce_mean((prediction - yb) ** 2)
    return tape.gradient(loss, [w, b])  # status: none ok

for batch in data:
    strategy.run(step, args=(batch,))
# %% eager argmax
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        prediction = tf.cast(tf.argmax(xb @ w + b, axis=1), tf.float32)  # expect: none/non-differentiable-op
        loss = tf.reduce_mean((prediction - yb[:, 0]) ** 2)
    return tape.gradient(loss, [w, b])  # status: none none

strategy.run(step, args=(next(iter(data)),))
# %% eager input that is not watched
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:  # expect: none/not-watched
        loss = tf.reduce_mean((xb @ w + b - yb) ** 2)
    return tape.gradient(loss, xb)  # status: none

strategy.run(step, args=(next(iter(data)),))
# %% eager training through numpy
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        hidden = model.layers[0](xb)
        hidden = tf.constant(hidden.numpy())  # expect: none/left-tensorflow
        loss = tf.reduce_mean((model.layers[1](hidden) - yb) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)  # status: none none ok ok
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # note: step/silently-skipped
    return loss

for _ in range(3):
    for batch in data:
        strategy.run(step, args=(batch,))
# %% NaN on the second replica in the second batch
late = x.copy()
late[6:] = 0.0

def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        length = tf.norm(xb @ w, axis=1)  # expect: nonfinite/infinite-derivative
        loss = tf.reduce_mean((length - yb[:, 0]) ** 2)
    return tape.gradient(loss, [w])  # status: nan

for batch in strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((late, y)).batch(4)):
    strategy.run(step, args=(batch,))
# %% the same in a tf.function
late = x.copy()
late[6:] = 0.0

@tf.function
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        length = tf.norm(xb @ w, axis=1)  # expect: nonfinite/infinite-derivative
        loss = tf.reduce_mean((length - yb[:, 0]) ** 2)
    return tape.gradient(loss, [w])  # status: nan

for batch in strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((late, y)).batch(4)):
    strategy.run(step, args=(batch,))
# %% stop_gradient in run inside a tf.function
@tf.function
def train(batch):
    def step(xb, yb):
        with tf.GradientTape() as tape:
            hidden = tf.stop_gradient(model.layers[0](xb))  # expect: none/stop-gradient
            loss = tf.reduce_mean((model.layers[1](hidden) - yb) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)  # status: none none ok ok
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # note: step/silently-skipped
        return loss

    return strategy.reduce(tf.distribute.ReduceOp.MEAN, strategy.run(step, args=batch), axis=None)

for batch in data:
    train(batch)
# %% masked log in run inside a tf.function
@tf.function
def evaluate(batch):
    def step(xb, yb):
        with tf.GradientTape() as tape:
            score = xb @ w - 1.0
            score = tf.where(score > 0, tf.math.log(tf.nn.relu(score)), 0.0)  # expect: nonfinite/where-trap
            loss = tf.reduce_mean(score)
        return tape.gradient(loss, w)  # status: nan

    return strategy.run(step, args=batch)

for batch in data:
    evaluate(batch)
# %% input that is not watched in run inside a tf.function
@tf.function
def evaluate(batch):
    def step(xb, yb):
        with tf.GradientTape() as tape:  # expect: none/not-watched
            loss = tf.reduce_mean((xb @ w + b - yb) ** 2)
        return tape.gradient(loss, [w, xb])[0]  # status: ok none

    return strategy.run(step, args=batch)

for batch in data:
    evaluate(batch)
# %% stop_gradient in a layer of fit
class Cut(keras.layers.Layer):
    def call(self, inputs):
        return tf.stop_gradient(inputs)  # expect: none/stop-gradient

with strategy.scope():
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), Cut(), keras.layers.Dense(1)])
    net.compile("sgd", "mse")
net.fit(x, y, batch_size=4, epochs=2, verbose=0)  # status: none none ok ok
# %% argmax in a layer of eager fit
class Hard(keras.layers.Layer):
    def call(self, inputs):
        return tf.one_hot(tf.argmax(inputs, axis=-1), 4)  # expect: none/non-differentiable-op

with strategy.scope():
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), Hard(), keras.layers.Dense(1)])
    net.compile("sgd", "mse", run_eagerly=True)
net.fit(x, y, batch_size=4, epochs=1, verbose=0)  # status: none none ok ok
# %% nothing is applied
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)  # expect: step/gradients-not-applied
    return loss

for _ in range(2):
    for batch in data:
        strategy.run(step, args=(batch,))
# %% applied twice
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # expect: step/updated-twice
    return loss

for batch in data:
    strategy.run(step, args=(batch,))
# %% a tape that was used raises in a replica
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((xb @ w + b - yb) ** 2)
    first = tape.gradient(loss, w)
    return tape.gradient(loss, b)  # expect: error/tape-used-twice

strategy.run(step, args=(next(iter(data)),))  # raises: RuntimeError
# %% no gradient at all in a replica
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tf.round(model(xb)) - yb) ** 2)  # expect: none/non-differentiable-op
    gradients = tape.gradient(loss, model.trainable_variables)  # status: none none none none
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # expect: error/no-gradients-provided

for batch in data:  # raises: ValueError
    strategy.run(step, args=(batch,))
