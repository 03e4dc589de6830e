import tensorflow as tf
import keras
keras.utils.set_random_seed(1)
x = tf.random.normal((32, 3))
y = x @ tf.constant([[1.0], [2.0], [-1.0]]) + 0.5
w = tf.Variable(tf.zeros((3, 1)), name="w")
b = tf.Variable(0.0, name="b")
# %% rebound by the update in the loop
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b - y) ** 2)
    dw, db = tape.gradient(loss, [w, b])
    if dw is None:
        break
    w = w - 0.1 * dw  # expect: none/variable-replaced
    b = b - 0.1 * db  # also: none/variable-replaced
# %% rebound by a minus sign, the next line raises
# raises: TypeError
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b - y) ** 2)
    dw, db = tape.gradient(loss, [w, b])
    w = w - 0.1 * dw  # expect: none/variable-replaced
    b = b - 0.1 * db  # also: none/variable-replaced
# %% rebound in a list
params = [w, b]
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ params[0] + params[1] - y) ** 2)
    grads = tape.gradient(loss, params)
    if grads[0] is not None:
        params = [p - 0.1 * g for p, g in zip(params, grads)]  # expect: none/variable-replaced
# %% a clipped image takes the place of the variable
image = tf.Variable(tf.random.uniform((1, 8)), name="image")
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(image ** 2)
    g = tape.gradient(loss, image)
    if g is not None:
        image.assign_sub(0.1 * g)
        image = tf.clip_by_value(image, 0.0, 1.0)  # expect: none/variable-replaced
# %% in a dict
net = {"w": w, "b": b}
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ net["w"] + net["b"] - y) ** 2)
    grads = tape.gradient(loss, net)
    if grads["w"] is not None:
        for key in net:
            net[key] = net[key] - 0.1 * grads[key]  # expect: none/variable-replaced
# %% near: new weights in MAML under the tape
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        loss = tf.reduce_mean((x @ w + b - y) ** 2)
    gw, gb = inner.gradient(loss, [w, b])
    fast_w, fast_b = w - 0.1 * gw, b - 0.1 * gb
    meta = tf.reduce_mean((x @ fast_w + fast_b - y) ** 2)
grads = outer.gradient(meta, [w, b])
print(grads)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)

class Linear:
    def __init__(self):
        self.w = tf.Variable(2.0)
        self.b = tf.Variable(0.0)

    def __call__(self, x):
        return self.w * x + self.b

def train(model, x, y, rate):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    dw, db = tape.gradient(loss, [model.w, model.b])
    if dw is not None:
        model.w = model.w - rate * dw  # expect: none/variable-replaced
        model.b = model.b - rate * db  # also: none/variable-replaced

model = Linear()
x = tf.random.normal((20,))
y = 3.0 * x + 1.0
# %% attributes of an object of an earlier cell
for epoch in range(3):
    train(model, x, y, 0.1)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
x, y = tf.random.normal((16, 4)), tf.random.normal((16, 1))
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh"), keras.layers.Dense(1)])
scale = tf.Variable(1.0, name="scale")
# %% the loss kept in a variable
total = tf.Variable(0.0, trainable=False, name="total")
with tf.GradientTape() as tape:
    total.assign(tf.reduce_mean((model(x) - y) ** 2))  # expect: none/state-assignment
    loss = total * 1.0
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% summed into a variable
total = tf.Variable(0.0, name="total")
with tf.GradientTape() as tape:
    for i in range(4):
        total.assign_add(tf.reduce_mean((model(x[4 * i:4 * i + 4]) - y[4 * i:4 * i + 4]) ** 2))  # expect: none/state-assignment
    loss = total / 4.0
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% a new variable of the value
with tf.GradientTape() as tape:
    pred = tf.Variable(model(x))  # expect: none/state-assignment
    loss = tf.reduce_mean((pred - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% weights of a second net assigned from the first
target = keras.models.clone_model(model)
with tf.GradientTape() as tape:
    for t, s in zip(target.weights, model.weights):
        t.assign(s * scale)  # expect: none/state-assignment
    loss = tf.reduce_mean((target(x) - y) ** 2)
grads = tape.gradient(loss, [scale])  # status: none
# %% inner step of meta learning by the optimizer
inner_opt = keras.optimizers.SGD(0.1)
inner_opt.build(model.trainable_variables)
rate = tf.Variable(0.1, name="rate")
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        loss = tf.reduce_mean((model(x) - y) ** 2)
    grads = inner.gradient(loss, model.trainable_variables)
    for v, g in zip(model.trainable_variables, grads):
        v.assign_sub(rate * g)  # expect: none/state-assignment
    meta_loss = tf.reduce_mean((model(x) - y) ** 2)
meta = outer.gradient(meta_loss, rate)  # status: none
# %% kept in a metric
mean = keras.metrics.Mean()
with tf.GradientTape() as tape:
    mean.update_state(tf.reduce_mean((model(x) - y) ** 2))  # expect: none/state-assignment
    loss = mean.result()
grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
# %% assign in a compiled step
buffer = tf.Variable(tf.zeros((16, 1)), name="buffer")
@tf.function
def step():
    with tf.GradientTape() as tape:
        buffer.assign(model(x))  # expect: none/state-assignment
        loss = tf.reduce_mean((buffer - y) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)  # status: none none none none
    return loss
step()
# %% scatter into a memory
memory = tf.Variable(tf.zeros((4, 5)), name="memory")
with tf.GradientTape() as tape:
    hidden = model.layers[0](x[:2])
    memory.scatter_nd_update([[0], [1]], hidden)  # expect: none/state-assignment
    loss = tf.reduce_mean(memory ** 2)
grads = tape.gradient(loss, model.layers[0].trainable_variables)  # status: none none
# %% through a table
table = tf.lookup.experimental.DenseHashTable(tf.int64, tf.float32, default_value=0.0, empty_key=-1, deleted_key=-2)
with tf.GradientTape() as tape:
    table.insert(tf.constant([1], tf.int64), tf.reshape(scale * 3.0, (1,)))  # expect: none/state-assignment
    loss = tf.reduce_sum(table.lookup(tf.constant([1], tf.int64)))  # also: none/state-assignment
grad = tape.gradient(loss, scale)  # status: none
# %% near: a counter of steps
counter = tf.Variable(0, trainable=False, name="counter")
with tf.GradientTape() as tape:
    counter.assign_add(1)
    loss = tf.reduce_mean((model(x) - y) ** 2) * tf.cast(counter, tf.float32)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
# %% near: running mean of the activations
running = tf.Variable(tf.zeros((5,)), trainable=False, name="running")
with tf.GradientTape() as tape:
    hidden = model.layers[0](x)
    running.assign(0.9 * running + 0.1 * tf.reduce_mean(hidden, axis=0))
    loss = tf.reduce_mean((model.layers[1](hidden) - y) ** 2)
grads = tape.gradient(loss, model.trainable_variables)  # status: ok ok ok ok
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(4)
x = tf.random.normal((8, 3))
# %% file memory.py
import tensorflow as tf

class Memory(tf.Module):
    def __init__(self):
        super().__init__()
        self.state = tf.Variable(tf.zeros((8, 3)), trainable=False)

    def write(self, value):
        self.state.assign(value)  # expect: none/state-assignment
        return self.state
# %% state in an imported file
from memory import Memory
memory, layer = Memory(), keras.layers.Dense(3)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(memory.write(layer(x)) ** 2)
grads = tape.gradient(loss, layer.trainable_variables)  # status: none none
