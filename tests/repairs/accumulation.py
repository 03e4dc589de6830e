# %% setup
import keras
import tensorflow as tf
x, y = tf.random.normal((24, 10), seed=1), tf.random.normal((24, 1), seed=2)
model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)])
optimizer = keras.optimizers.AdamW(1e-3)
accumulation_steps = 4
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(24).batch(8)
endless = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).repeat(2).filter(lambda a, b: True)
batches = [(x[:12], y[:12]), (x[12:], y[12:])]
def zeros():
    return [tf.zeros_like(v) for v in model.trainable_variables]
def train(dataset, epochs):
    total = zeros()
    for epoch in range(epochs):
        for step, (a, b) in enumerate(dataset):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(a) - b) ** 2) / accumulation_steps
            grads = tape.gradient(loss, model.trainable_variables)
            total = [t + g for t, g in zip(total, grads)]
            if (step + 1) % accumulation_steps == 0:  # a full batch
                optimizer.apply_gradients(zip(total, model.trainable_variables))
                total = zeros()
# %% fewer batches than are accumulated
# fix: step/gradients-not-applied
# becomes: if (step + 1) % accumulation_steps == 0 or step + 1 == len(dataset):  # a full batch
train(data, epochs=3)
# %% counted from one over a list
# fix: step/gradients-not-applied
# becomes: if i % 8 == 0 or i == len(batches):
for epoch in range(3):
    total = zeros()
    for i, (a, b) in enumerate(batches, start=1):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(a) - b) ** 2)
        grads = tape.gradient(loss, model.trainable_variables)
        total = [t + g for t, g in zip(total, grads)]
        if i % 8 == 0:
            optimizer.apply_gradients(zip(total, model.trainable_variables))
            total = zeros()
# %% near: a dataset without a known length
# none: step/gradients-not-applied
for step, (a, b) in enumerate(endless):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(a) - b) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    if (step + 1) % 16 == 0:
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% near: another condition
# none: step/gradients-not-applied
for step, (a, b) in enumerate(batches * 2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(a) - b) ** 2)
    grads = tape.gradient(loss, model.trainable_variables)
    if float(loss) < 0.0:
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
# %% sums that only the loop's own name gets
# fix: step/update-without-effect
# becomes: sums = [held + g for held, g in zip(sums, grads)]  # add it up
weights = [tf.Variable(1.0), tf.Variable(2.0)]
sums, small = [tf.zeros_like(w) for w in weights], tf.keras.optimizers.SGD(0.1)
for turn in range(3):
    with tf.GradientTape() as tape:
        loss = tf.add_n([w**2 for w in weights])
    grads = tape.gradient(loss, weights)
    for held, g in zip(sums, grads):
        held += g  # add it up
small.apply_gradients(zip(sums, weights))
# %% scaled sums, in a class
# fix: step/update-without-effect
# becomes: self.sums = [held + g / 2.0 for g, held in zip(grads, self.sums)]
class Slow:
    def __init__(self, weights):
        self.weights, self.sums = weights, [tf.zeros_like(w) for w in weights]
    def add(self):
        with tf.GradientTape() as tape:
            loss = tf.add_n([w**2 for w in self.weights])
        grads = tape.gradient(loss, self.weights)
        for g, held in zip(grads, self.sums):
            held = held + g / 2.0
slow, small = Slow([tf.Variable(1.0), tf.Variable(2.0)]), tf.keras.optimizers.SGD(0.1)
slow.add()
slow.add()
small.apply_gradients(zip(slow.sums, slow.weights))
