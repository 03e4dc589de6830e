import tensorflow as tf
w = tf.Variable(2.0, name="w")
optimizer = tf.keras.optimizers.SGD(0.1)
# %% never
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])  # expect: step/gradients-not-applied
# %% near: once, to look at
with tf.GradientTape() as tape:
    loss = w * w
grads = tape.gradient(loss, [w])
# %% near: collected
found = []
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    found.append(grads[0])
# %% near: assigned by hand
for step in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    w.assign_sub(0.1 * grads[0])
# %% setup
import numpy as np
import tensorflow as tf
import keras
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
params = {"w": tf.Variable(tf.fill((4, 1), 0.5), name="w"), "b": tf.Variable(tf.zeros(1), name="b")}
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
def loss_of(p):
    return tf.reduce_mean(tf.square(x @ p["w"] + p["b"] - y))
class Summing(keras.Model):
    def __init__(self, turns):
        super().__init__()
        self.turns, self.turn = turns, 0
        self.dense = keras.layers.Dense(1)
        self.dense.build((None, 4))
        self.sums = [tf.Variable(tf.zeros(v.shape), trainable=False) for v in self.trainable_variables]
    def call(self, inputs):
        return self.dense(inputs)
    def train_step(self, data):
        inputs, labels = data
        self.turn += 1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs) - labels))
        grads = tape.gradient(loss, self.trainable_variables)
        for total, g in zip(self.sums, grads):
            total.assign_add(g)
        if self.turn == self.turns:  # expect: step/gradients-not-applied
            self.optimizer.apply_gradients(zip(self.sums, self.trainable_variables))
            self.turn = 0
        return {"loss": loss}
class InAMethod(Summing):
    def train_step(self, data):
        inputs, labels = data
        self.turn += 1
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs) - labels))
        for total, g in zip(self.sums, tape.gradient(loss, self.trainable_variables)):
            total.assign_add(g)
        if self.turn % self.turns == 0:  # also: step/gradients-not-applied
            self.give_them_all()
        return {"loss": loss}
    def give_them_all(self):
        self.optimizer.apply_gradients(zip(self.sums, self.trainable_variables))
        for total in self.sums:
            total.assign(tf.zeros_like(total))
class Counting(Summing):
    def __init__(self, turns):
        super().__init__(turns)
        self.count = tf.Variable(0, trainable=False)
    def train_step(self, data):
        inputs, labels = data
        self.count.assign_add(1)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(inputs) - labels))
        for total, g in zip(self.sums, tape.gradient(loss, self.trainable_variables)):
            total.assign_add(g)
        def apply():
            for variable, total in zip(self.trainable_variables, self.sums):
                variable.assign_sub(0.1 * total)
                total.assign(tf.zeros_like(total))
            return 1
        tf.cond(self.count % self.turns == 0, apply, lambda: 0)
        return {"loss": loss}
# %% a Python number decides while the step is traced
summing = Summing(4)
summing.compile("sgd")
history = summing.fit(x, y, batch_size=4, epochs=2, verbose=0)
# %% a Python number decides, and a method would update
summing = InAMethod(4)
summing.compile("sgd")
history = summing.fit(x, y, batch_size=4, epochs=2, verbose=0)
# %% near: a variable counts
counting = Counting(4)
counting.compile("sgd")
history = counting.fit(x, y, batch_size=4, epochs=2, verbose=0)
# %% the name of the loop is given the new value
for step in range(4):
    with tf.GradientTape() as tape:
        loss = loss_of(params)
    grads = tape.gradient(loss, params)
    for name, variable in params.items():
        variable = variable - 0.1 * grads[name]  # expect: step/gradients-not-applied
# %% copies of the weights are changed
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    for weight, gradient in zip(model.get_weights(), grads):
        weight -= 0.1 * gradient.numpy()  # expect: step/gradients-not-applied
# %% near: copies are changed and given back
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    grads = tape.gradient(loss, model.trainable_variables)
    weights = model.get_weights()
    for weight, gradient in zip(weights, grads):
        weight -= 0.1 * gradient.numpy()
    model.set_weights(weights)
# %% near: the new value is collected
path = []
for step in range(4):
    with tf.GradientTape() as tape:
        loss = loss_of(params)
    grads = tape.gradient(loss, params)
    for name, variable in params.items():
        variable = variable - 0.1 * grads[name]
        path.append(variable)
# %% near: arrays that are changed in their place
totals = [np.zeros(v.shape, "float32") for v in model.trainable_variables]
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    for total, gradient in zip(totals, tape.gradient(loss, model.trainable_variables)):
        total += gradient.numpy() ** 2
# %% setup
import tensorflow as tf
x = tf.constant([[1.0], [2.0]])
w = tf.Variable([[0.5]], name="w")
b = tf.Variable([0.1], name="b")
def lazily(variables, gradients, rate=0.1):
    map(lambda pair: pair[0].assign_sub(rate * pair[1]), zip(variables, gradients))  # expect: step/gradients-not-applied
def eagerly(variables, gradients, rate=0.1):
    list(map(lambda pair: pair[0].assign_sub(rate * pair[1]), zip(variables, gradients)))
# %% the update stands in a map that nobody goes through
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b) ** 2)
    gradients = tape.gradient(loss, [w, b])
    lazily([w, b], gradients)
# %% near: a list goes through the map
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b) ** 2)
    gradients = tape.gradient(loss, [w, b])
    eagerly([w, b], gradients)
# %% the update stands in a generator expression that nobody goes through
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b) ** 2)
    gradients = tape.gradient(loss, [w, b])
    (v.assign_sub(0.1 * g) for v, g in zip([w, b], gradients))  # expect: step/gradients-not-applied
    print(float(loss))
# %% near: gradients are mapped to norms and shown, on purpose without an update
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w + b) ** 2)
    gradients = tape.gradient(loss, [w, b])
    print(*map(lambda g: float(tf.norm(g)), gradients))
# %% setup
import tensorflow as tf
x = tf.constant([[1.0], [2.0]])
w = tf.Variable([[0.5]], name="w")
optimizer = tf.keras.optimizers.SGD(0.1)
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w) ** 2)
    gradients = tape.gradient(loss, [w])
    if step > 0:
        optimizer.apply_gradients(zip(gradients, [w]))
# %% near: gradients are shown, an earlier cell applied those of the same name
for step in range(4):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w) ** 2)
    gradients = tape.gradient(loss, [w])
    print(float(tf.norm(gradients[0])))
