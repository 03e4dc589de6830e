# %% eager step
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((xb @ w + b - yb) ** 2)
    return tape.gradient(loss, [w, b])  # status: ok ok

outcome = [strategy.experimental_local_results(strategy.run(step, args=(batch,))[0])[1] for batch in data]
# %% eager training
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    gradients = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    return loss

for batch in data:
    strategy.run(step, args=(batch,))
outcome = model.get_weights()
# %% training inside a tf.function
@tf.function
def train(batch):
    def step(xb, yb):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(xb) - yb) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return strategy.reduce(tf.distribute.ReduceOp.MEAN, strategy.run(step, args=batch), axis=None)

for _ in range(2):
    for batch in data:
        train(batch)
outcome = model.get_weights()
# %% a tf.function in run
@tf.function
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((xb @ w + b - yb) ** 2)
    return tape.gradient(loss, [w, b])  # status: ok ok

for batch in data:
    strategy.run(step, args=(batch,))
# %% assigned by hand
with strategy.scope():
    v = tf.Variable(tf.ones((3, 1)), name="v", aggregation=tf.VariableAggregation.MEAN)

@tf.function
def train(batch):
    def step(xb, yb):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((xb @ v - yb) ** 2)
        v.assign_sub(0.1 * tape.gradient(loss, v))  # status: ok
        return loss

    return strategy.run(step, args=batch)

for _ in range(3):
    for batch in data:
        train(batch)
outcome = [v.numpy()]
# %% the loss summed over the replicas
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        local = tf.reduce_sum((xb @ w + b - yb) ** 2)
        total = tf.distribute.get_replica_context().all_reduce("sum", local)
    return tape.gradient(total, [w, b])  # status: ok ok

for batch in data:
    strategy.run(step, args=(batch,))
# %% outside of the scope
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w + b - y) ** 2)
gradients = tape.gradient(loss, [w, b])  # status: ok ok
# %% no tape
loss = tf.reduce_mean((model(x) - y) ** 2)
# %% fit
with strategy.scope():
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    net.compile("adam", "mse")
history = net.fit(x, y, batch_size=4, epochs=2, verbose=0, shuffle=False)  # status: ok ok ok ok
outcome = [*history.history["loss"], *net.get_weights()]
# %% fit eagerly
with strategy.scope():
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    net.compile("sgd", "mse", run_eagerly=True)
net.fit(x, y, batch_size=4, epochs=1, verbose=0, shuffle=False)  # status: ok ok ok ok
outcome = net.get_weights()
# %% fit with batch normalization over all replicas
with strategy.scope():
    net = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, use_bias=False), keras.layers.BatchNormalization(synchronized=True), keras.layers.Activation("tanh"), keras.layers.Dropout(0.2), keras.layers.Dense(1)]
    )
    net.compile("sgd", "mse")
net.fit(x, y, batch_size=8, epochs=2, verbose=0, shuffle=False)  # status: ok ok ok ok ok
net.train_on_batch(x, y)  # status: ok ok ok ok ok
