import numpy as np
import tensorflow as tf
import keras
from keras import layers
keras.utils.set_random_seed(40)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(64, 8)).astype("float32"), rng.integers(0, 3, 64)
dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64, seed=0).batch(16).prefetch(1)

def make():
    return keras.Sequential([keras.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(16, activation="relu"), layers.Dense(3)])

model = make()
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(1e-3)
metric = keras.metrics.SparseCategoricalAccuracy()
# %% training loop from scratch with metrics and validation
for epoch in range(2):
    for step, (xb, yb) in enumerate(dataset):
        with tf.GradientTape() as tape:
            logits = model(xb, training=True)
            loss = loss_fn(yb, logits)
        grads = tape.gradient(loss, model.trainable_weights)
        optimizer.apply(grads, model.trainable_weights)
        metric.update_state(yb, logits)
        if step % 2 == 0:
            print(f"step {step}: {float(loss):.4f}")
    print("accuracy", float(metric.result()))
    metric.reset_state()
# %% gradient accumulation
total = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
for step, (xb, yb) in enumerate(dataset):
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb, training=True)) / 2.0
    for a, g in zip(total, tape.gradient(loss, model.trainable_variables)):
        a.assign_add(g)
    if step % 2 == 1:
        optimizer.apply_gradients(zip(total, model.trainable_variables))
        for a in total:
            a.assign(tf.zeros_like(a))
# %% accumulation in a Python list
sums = None
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    sums = grads if sums is None else [s + g for s, g in zip(sums, grads)]
optimizer.apply_gradients((s / 4.0, v) for s, v in zip(sums, model.trainable_variables))
# %% clipping by value, by norm, by global norm
for xb, yb in dataset.take(1):
    for clip in (lambda gs: [tf.clip_by_value(g, -0.1, 0.1) for g in gs], lambda gs: [tf.clip_by_norm(g, 1.0) for g in gs], lambda gs: tf.clip_by_global_norm(gs, 1.0)[0]):
        with tf.GradientTape() as tape:
            loss = loss_fn(yb, model(xb))
        optimizer.apply_gradients(zip(clip(tape.gradient(loss, model.trainable_variables)), model.trainable_variables))
# %% weight decay, schedule and average of the weights
schedule = keras.optimizers.schedules.CosineDecay(1e-3, 20, warmup_target=1e-2, warmup_steps=4)
adamw = keras.optimizers.AdamW(schedule, weight_decay=1e-3, use_ema=True, ema_momentum=0.9)
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb)) + sum(1e-4 * tf.nn.l2_loss(v) for v in model.trainable_variables if "kernel" in v.path)
    adamw.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
adamw.finalize_variable_values(model.trainable_variables)
# %% manual SGD with momentum
velocity = [tf.zeros_like(v) for v in model.trainable_variables]
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    velocity = [0.9 * m - 0.01 * g for m, g in zip(velocity, grads)]
    for v, m in zip(model.trainable_variables, velocity):
        v.assign_add(m)
# %% gradients stored and plotted
import matplotlib.pyplot as plt
history = []
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, model.trainable_variables)
    history.append([float(tf.norm(g)) for g in grads])
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
plt.plot(np.array(history))
plt.close("all")
# %% compiled epoch over a dataset inside one function
@tf.function
def epoch(data):
    total = 0.0
    for xb, yb in data:
        with tf.GradientTape() as tape:
            loss = loss_fn(yb, model(xb, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        total += loss
    return total
print(float(epoch(dataset)))
# %% jit compiled step
sgd = keras.optimizers.SGD(0.01)
sgd.build(model.trainable_variables)
@tf.function(jit_compile=True)
def step(xb, yb):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=yb, logits=model(xb)))
    grads = tape.gradient(loss, model.trainable_variables)
    for v, g in zip(model.trainable_variables, grads):
        v.assign_sub(0.01 * g)
    return loss
for xb, yb in dataset:
    step(xb, yb)
# %% learning-rate finder on a copy of the weights
backup = model.get_weights()
losses = []
for lr in np.geomspace(1e-5, 1e-1, 5):
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x))
    for v, g in zip(model.trainable_variables, tape.gradient(loss, model.trainable_variables)):
        v.assign_sub(lr * g)
    losses.append(float(loss))
model.set_weights(backup)
# %% federated averaging
server = make()
for round_ in range(2):
    updates = []
    for client in range(2):
        local = make()
        local.set_weights(server.get_weights())
        opt = keras.optimizers.SGD(0.1)
        part = slice(client * 32, client * 32 + 32)
        for _ in range(2):
            with tf.GradientTape() as tape:
                loss = loss_fn(y[part], local(x[part]))
            opt.apply_gradients(zip(tape.gradient(loss, local.trainable_variables), local.trainable_variables))
        updates.append(local.get_weights())
    server.set_weights([np.mean(ws, axis=0) for ws in zip(*updates)])
# %% k-fold with a new model for each fold
scores = []
for fold in range(3):
    keras.backend.clear_session()
    candidate = make()
    candidate.compile("sgd", loss_fn)
    keep = np.arange(64) % 3 != fold
    candidate.fit(x[keep], y[keep], epochs=1, verbose=0)
    scores.append(candidate.evaluate(x[~keep], y[~keep], verbose=0))
print(np.mean(scores))
# %% multi-task with weights
shared = layers.Dense(8, activation="relu")
heads = [layers.Dense(3), layers.Dense(1)]
weights = {"class": 1.0, "value": 0.2}
opt = None
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        h = shared(xb)
        loss = weights["class"] * loss_fn(yb, heads[0](h)) + weights["value"] * tf.reduce_mean((heads[1](h)[:, 0] - xb[:, 0]) ** 2)
    variables = shared.trainable_variables + [v for head in heads for v in head.trainable_variables]
    opt = opt or keras.optimizers.Adam(1e-2)
    opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
# %% uncertainty weights for two losses
log_vars = [tf.Variable(0.0, name="log_var_a"), tf.Variable(0.0, name="log_var_b")]
opt = keras.optimizers.Adam(1e-2)
variables = model.trainable_variables + log_vars
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        out = model(xb)
        parts = [loss_fn(yb, out), tf.reduce_mean(out ** 2)]
        loss = tf.add_n([tf.exp(-s) * p + s for s, p in zip(log_vars, parts)])
    opt.apply_gradients(zip(tape.gradient(loss, variables), variables))
# %% only the head by its own optimizer, the rest slower
slow, fast = keras.optimizers.SGD(1e-3), keras.optimizers.Adam(1e-2)
body, head = model.trainable_variables[:-2], model.trainable_variables[-2:]
for xb, yb in dataset:
    with tf.GradientTape() as tape:
        loss = loss_fn(yb, model(xb))
    grads = tape.gradient(loss, body + head)
    slow.apply_gradients(zip(grads[:len(body)], body))
    fast.apply_gradients(zip(grads[len(body):], head))
# %% setup
import random
import tensorflow as tf
import keras
keras.utils.set_random_seed(4)
random.seed(3)

class Skipping(keras.Model):
    def __init__(self, survival):
        super().__init__()
        self.inner = [keras.layers.Dense(5, activation="relu") for _ in range(3)]
        self.last = keras.layers.Dense(1)
        self.survival = survival

    def call(self, x, training=False):
        for layer in self.inner:
            if not training or random.random() < self.survival:
                x = x + layer(x)
        return self.last(x)

net = Skipping(0.5)
x, y = tf.random.normal((12, 5)), tf.random.normal((12, 1))
net(x)
heads = [keras.layers.Dense(1) for _ in range(2)]
for head in heads:
    head(x)
# %% layers that are skipped in some steps
for step in range(9):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(x, training=step < 8) - y) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)  # status: ok|none ok|none ok|none ok|none ok|none ok|none ok ok
    for v, g in zip(net.trainable_variables, grads):
        if g is not None:
            v.assign_sub(0.01 * g)
# %% a head for each task, in turn
variables = [v for head in heads for v in head.trainable_variables]
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((heads[step % 2](x) - y) ** 2)
    grads = tape.gradient(loss, variables)  # status: ok ok none none
    for v, g in zip(variables, grads):
        if g is not None:
            v.assign_sub(0.01 * g)
# %% a head for one of three tasks in a step, two of them idle
tasks = [keras.layers.Dense(1) for _ in range(3)]
for head in tasks:
    head(x)
variables = [v for head in tasks for v in head.trainable_variables]
for step in range(6):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((tasks[step % 3](x) - y) ** 2)
    grads = tape.gradient(loss, variables)  # status: ok ok none none none none
    for v, g in zip(variables, grads):
        if g is not None:
            v.assign_sub(0.01 * g)
