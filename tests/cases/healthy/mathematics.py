import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(70)
x = tf.Variable([1.0, 2.0, -1.0], name="x")
net = keras.Sequential([keras.Input((1,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.Adam(1e-3)
# %% Hessian by a jacobian of a gradient
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        f = tf.reduce_sum(x ** 3) + x[0] * x[1]
    g = inner.gradient(f, x)
hessian = outer.jacobian(g, x)
newton = x - tf.linalg.solve(hessian + 10.0 * tf.eye(3), g[:, None])[:, 0]
# %% Hessian-vector product, forward over backward
v = tf.constant([1.0, 0.0, 2.0])
with tf.autodiff.ForwardAccumulator(x, v) as acc:
    with tf.GradientTape() as tape:
        f = tf.reduce_sum(tf.sin(x) * x)
    g = tape.gradient(f, x)
hvp = acc.jvp(g)
# %% Hessian-vector product, twice backward
v = tf.constant([1.0, 0.0, 2.0])
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        f = tf.reduce_sum(tf.sin(x) * x)
    g = inner.gradient(f, x)
    along = tf.reduce_sum(g * v)
hvp = outer.gradient(along, x)
# %% batch jacobian and a penalty on it
points = tf.random.normal((8, 1))
with tf.GradientTape() as outer:
    with tf.GradientTape() as tape:
        tape.watch(points)
        y = net(points)
    jac = tape.batch_jacobian(y, points)
    loss = tf.reduce_mean((y - points ** 2) ** 2) + 0.1 * tf.reduce_mean(jac ** 2)
grads = outer.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% physics-informed network
t = tf.reshape(tf.linspace(0.0, 2.0, 20), (-1, 1))
for _ in range(3):
    with tf.GradientTape() as tape:
        with tf.GradientTape() as second:
            second.watch(t)
            with tf.GradientTape() as first:
                first.watch(t)
                u = net(t)
            du = first.gradient(u, t)
        ddu = second.gradient(du, t)
        start = net(tf.zeros((1, 1)))
        loss = tf.reduce_mean((ddu + u) ** 2) + tf.reduce_mean((start - 1.0) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% MAML with fast weights
def forward(points, weights):
    h = tf.tanh(points @ weights[0] + weights[1])
    return h @ weights[2] + weights[3]
weights = [tf.Variable(tf.random.normal((1, 8)) * 0.5), tf.Variable(tf.zeros((8,))), tf.Variable(tf.random.normal((8, 1)) * 0.5), tf.Variable(tf.zeros((1,)))]
meta = keras.optimizers.Adam(1e-2)
rng = np.random.default_rng(0)
for _ in range(2):
    with tf.GradientTape() as outer:
        meta_loss = 0.0
        for task in range(2):
            a = rng.uniform(0.5, 2.0)
            points = tf.constant(rng.uniform(-2, 2, (10, 1)), tf.float32)
            values = a * tf.sin(points)
            with tf.GradientTape() as inner:
                inner.watch(weights)
                train_loss = tf.reduce_mean((forward(points[:5], weights) - values[:5]) ** 2)
            grads = inner.gradient(train_loss, weights)
            fast = [w - 0.1 * g for w, g in zip(weights, grads)]
            meta_loss += tf.reduce_mean((forward(points[5:], fast) - values[5:]) ** 2)
    meta.apply_gradients(zip(outer.gradient(meta_loss, weights), weights))
# %% first-order meta learning (Reptile)
start = net.get_weights()
inner_opt = keras.optimizers.SGD(0.02)
points = tf.random.normal((16, 1))
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(points) - tf.sin(points)) ** 2)
    inner_opt.apply_gradients(zip(tape.gradient(loss, net.trainable_variables), net.trainable_variables))
net.set_weights([s + 0.1 * (w - s) for s, w in zip(start, net.get_weights())])
# %% neural ODE with a while loop
z0 = tf.random.normal((4, 1))
@tf.function
def solve(z):
    def body(i, z):
        return i + 1, z + 0.1 * net(z)
    return tf.while_loop(lambda i, z: i < 5, body, (0, z))[1]
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((solve(z0) - 1.0) ** 2)
grads = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% Runge-Kutta steps in Python
z = tf.random.normal((4, 1))
with tf.GradientTape() as tape:
    for _ in range(3):
        k1 = net(z)
        k2 = net(z + 0.05 * k1)
        z = z + 0.1 * k2
    loss = tf.reduce_mean(z ** 2)
grads = tape.gradient(loss, net.trainable_variables)
optimizer.apply_gradients(zip(grads, net.trainable_variables))
# %% scan and map_fn
decay = tf.Variable(0.9, name="decay")
gain = tf.Variable(0.5, name="gain")
signal = tf.random.normal((12,))
with tf.GradientTape() as tape:
    smooth = tf.scan(lambda state, value: decay * state + (1.0 - decay) * value, signal, initializer=tf.constant(0.0))
    loud = tf.map_fn(lambda s: tf.tanh(gain * s), smooth)
    loss = tf.reduce_mean((loud - signal) ** 2)
grads = tape.gradient(loss, [decay, gain])
for v, g in zip([decay, gain], grads):
    v.assign_sub(0.1 * g)
# %% scan in a graph
decay = tf.Variable(0.9, name="decay")
signal = tf.random.normal((12,))
@tf.function
def step():
    with tf.GradientTape() as tape:
        smooth = tf.scan(lambda state, value: decay * state + (1.0 - decay) * value, signal, initializer=tf.constant(0.0))
        loss = tf.reduce_mean((smooth - signal) ** 2)
    grad = tape.gradient(loss, decay)
    decay.assign_sub(0.1 * grad)
    return loss
print(float(step()), float(step()))
# %% function with a py_function for logging and one for computing
log = []
def note(value):
    log.append(float(value))
@tf.function
def step(points):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((net(points) - tf.sin(points)) ** 2)
        tf.py_function(note, [loss], [])
    grads = tape.gradient(loss, net.trainable_variables)
    optimizer.apply_gradients(zip(grads, net.trainable_variables))
    return loss
optimizer.build(net.trainable_variables)
for _ in range(2):
    step(tf.random.normal((8, 1)))
assert len(log) == 2
# %% numerically stable custom gradient
@tf.custom_gradient
def log1pexp(v):
    e = tf.exp(v)
    def grad(upstream):
        return upstream * (1 - 1 / (1 + e))
    return tf.math.log(1 + e), grad
with tf.GradientTape() as tape:
    y = tf.reduce_sum(log1pexp(x))
g = tape.gradient(y, x)
# %% implicit layer with custom gradient
@tf.custom_gradient
def fixed_point(a):
    z = tf.zeros_like(a)
    for _ in range(30):
        z = tf.cos(0.5 * z + 0.1 * a)
    def grad(dz):
        s = -tf.sin(0.5 * z + 0.1 * a)
        return dz * 0.1 * s / (1.0 - 0.5 * s)
    return z, grad
with tf.GradientTape() as tape:
    y = tf.reduce_sum(fixed_point(x * 1.0) ** 2)
g = tape.gradient(y, x)
# %% Gaussian process marginal likelihood
length, noise = tf.Variable(1.0, name="length"), tf.Variable(0.1, name="noise")
xs = tf.linspace(0.0, 3.0, 8)[:, None]
ys = tf.sin(xs)
for _ in range(3):
    with tf.GradientTape() as tape:
        k = tf.exp(-0.5 * (xs - tf.transpose(xs)) ** 2 / length ** 2) + (noise ** 2 + 1e-4) * tf.eye(8)
        chol = tf.linalg.cholesky(k)
        alpha = tf.linalg.cholesky_solve(chol, ys)
        nll = 0.5 * tf.reduce_sum(ys * alpha) + tf.reduce_sum(tf.math.log(tf.linalg.diag_part(chol)))
    for v, g in zip((length, noise), tape.gradient(nll, [length, noise])):
        v.assign_sub(1e-3 * g)
# %% matrix factorization with masked entries
u, v = tf.Variable(tf.random.normal((6, 2))), tf.Variable(tf.random.normal((5, 2)))
ratings = tf.constant(np.random.default_rng(0).integers(0, 6, (6, 5)), tf.float32)
seen = tf.cast(ratings > 0, tf.float32)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(seen * (u @ tf.transpose(v) - ratings) ** 2) / tf.reduce_sum(seen)
    for var, g in zip((u, v), tape.gradient(loss, (u, v))):
        var.assign_sub(0.05 * g)
# %% where with both branches safe
with tf.GradientTape() as tape:
    safe = tf.where(x > 0, x, 1.0)
    y = tf.reduce_sum(tf.where(x > 0, tf.math.log(safe), 0.0))
g = tape.gradient(y, x)
# %% complex signal
phase = tf.Variable([0.1, 0.4, 0.9, 1.5], name="phase")
with tf.GradientTape() as tape:
    wave = tf.complex(tf.cos(phase), tf.sin(phase))
    power = tf.abs(tf.signal.fft(wave)[1:]) ** 2
    loss = tf.reduce_sum(power)
g = tape.gradient(loss, phase)
# %% a residual of second derivatives alone
places = tf.reshape(tf.linspace(0.1, 0.9, 10), (-1, 1))
for step in range(2):
    with tf.GradientTape() as tape:
        with tf.GradientTape() as second:
            second.watch(places)
            with tf.GradientTape() as first:
                first.watch(places)
                u = net(places)
            slope = first.gradient(u, places)
        bend = second.gradient(slope, places)
        loss = tf.reduce_mean((bend + tf.sin(places)) ** 2)
    grads = tape.gradient(loss, net.trainable_variables)  # status: ok ok ok ok ok none
    optimizer.apply_gradients([(g, v) for g, v in zip(grads, net.trainable_variables) if g is not None])
