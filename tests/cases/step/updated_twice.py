import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
w = tf.Variable([1.0, -2.0], name="w")
goal = tf.constant([0.5, 0.5])
def loss_of(v):
    return tf.reduce_sum(tf.square(v - goal))
optimizer = keras.optimizers.SGD(0.1)
# %% applied on two lines
with tf.GradientTape() as tape:
    loss = loss_of(w)
grads = tape.gradient(loss, [w])
optimizer.apply_gradients(zip(grads, [w]))
optimizer.apply_gradients(zip(grads, [w]))  # expect: step/updated-twice
# %% applied again and again
with tf.GradientTape() as tape:
    loss = loss_of(w)
grads = tape.gradient(loss, [w])
for _ in range(3):
    optimizer.apply_gradients(zip(grads, [w]))  # expect: step/updated-twice
# %% near: one step after the other
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = loss_of(w)
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(2)
trunk, heights, kinds = keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1), keras.layers.Dense(3)
x, y, labels = tf.random.normal((8, 4)), tf.random.normal((8, 1)), tf.random.uniform((8,), 0, 3, tf.int32)
heights(trunk(x)), kinds(trunk(x))
criterion = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
one, two = keras.optimizers.Adam(1e-3), keras.optimizers.RMSprop(1e-3)
plain, other = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.2)
def both(x):
    h = trunk(x)
    return tf.reduce_mean(tf.square(heights(h) - y)), criterion(labels, kinds(h))
first = trunk.trainable_variables + heights.trainable_variables
second = trunk.trainable_variables + kinds.trainable_variables
# %% what two heads share, moved between the two gradients
for _ in range(3):
    with tf.GradientTape(persistent=True) as tape:
        distance, entropy = both(x)
    grads = tape.gradient(distance, first)
    one.apply_gradients(zip(grads, first))
    grads = tape.gradient(entropy, second)
    two.apply_gradients(zip(grads, second))  # expect: step/updated-twice
# %% two tapes that are opened together
with tf.GradientTape() as for_heights, tf.GradientTape() as for_kinds:
    distance, entropy = both(x)
of_heights = for_heights.gradient(distance, first)
of_kinds = for_kinds.gradient(entropy, second)
one.apply_gradients(zip(of_heights, first))
two.apply_gradients(zip(of_kinds, second))  # note: step/updated-twice
# %% in the step of a model that fit trains
class Pair(keras.Model):
    def __init__(self):
        super().__init__()
        self.trunk, self.heights, self.kinds = trunk, heights, kinds
        self.one, self.two = keras.optimizers.Adam(), keras.optimizers.Adam()
    def call(self, x):
        return self.heights(self.trunk(x))
    def train_step(self, data):
        with tf.GradientTape(persistent=True) as tape:
            distance, entropy = both(data[0])
        self.one.apply_gradients(zip(tape.gradient(distance, first), first))
        self.two.apply_gradients(zip(tape.gradient(entropy, second), second))  # note: step/updated-twice
        return {"distance": distance, "entropy": entropy}
model = Pair()
model.compile()
model.fit(x, y, batch_size=8, verbose=0)
# %% one target, and a list of shared variables in both of two calls
with tf.GradientTape(persistent=True) as tape:
    distance, entropy = both(x)
    total = distance + entropy
of_heights = tape.gradient(total, first)
of_kinds = tape.gradient(total, second)
plain.apply_gradients(zip(of_heights, first))
other.apply_gradients(zip(of_kinds, second))  # expect: step/updated-twice
# %% near: plain descent along each of two gradients
with tf.GradientTape(persistent=True) as tape:
    distance, entropy = both(x)
of_heights, of_kinds = tape.gradient(distance, first), tape.gradient(entropy, second)
plain.apply_gradients(zip(of_heights, first))
other.apply_gradients(zip(of_kinds, second))
# %% near: a decay of the weights by plain descent, beside another optimizer
for _ in range(2):
    with tf.GradientTape(persistent=True) as tape:
        distance, _ = both(x)
        decay = 0.5 * tf.add_n([tf.reduce_sum(v * v) for v in first if len(v.shape) > 1])
    one.apply_gradients(zip(tape.gradient(distance, first), first))
    kernels = [v for v in first if len(v.shape) > 1]
    plain.apply_gradients(zip(tape.gradient(decay, kernels), kernels))
# %% near: a forward pass for each
for _ in range(2):
    with tf.GradientTape() as tape:
        distance, _ = both(x)
    one.apply_gradients(zip(tape.gradient(distance, first), first))
    with tf.GradientTape() as tape:
        _, entropy = both(x)
    two.apply_gradients(zip(tape.gradient(entropy, second), second))
# %% near: a second forward pass under the same tape
with tf.GradientTape(persistent=True) as tape:
    distance, _ = both(x)
    one.apply_gradients(zip(tape.gradient(distance, first), first))
    _, entropy = both(x)
two.apply_gradients(zip(tape.gradient(entropy, second), second))
# %% near: each optimizer has its own part
with tf.GradientTape(persistent=True) as tape:
    distance, entropy = both(x)
one.apply_gradients(zip(tape.gradient(distance, first), first))
two.apply_gradients(zip(tape.gradient(entropy, kinds.trainable_variables), kinds.trainable_variables))
# %% near: sharpness, with the variables put back in between
for _ in range(2):
    with tf.GradientTape() as tape:
        distance, _ = both(x)
    slopes = tape.gradient(distance, first)
    steps = [0.05 * g / tf.linalg.global_norm(slopes) for g in slopes]
    for v, s in zip(first, steps):
        v.assign_add(s)
    with tf.GradientTape() as tape:
        distance, _ = both(x)
    grads = tape.gradient(distance, first)
    for v, s in zip(first, steps):
        v.assign_sub(s)
    one.apply_gradients(zip(grads, first))
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
x = tf.random.normal((8, 3))
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
optimizer = keras.optimizers.SGD(0.01)
sums = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
velocity = [tf.Variable(tf.zeros_like(v), trainable=False) for v in model.trainable_variables]
def gradients():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x) - 1.0) ** 2)
    return tape.gradient(loss, model.trainable_variables)
# %% sums of gradients that nothing sets back
for step in range(8):
    for kept, gradient in zip(sums, gradients()):
        kept.assign_add(gradient)
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(sums, model.trainable_variables))  # expect: step/updated-twice
# %% means of such sums
for step in range(6):
    for kept, gradient in zip(sums, gradients()):
        kept.assign_add(gradient)
    if step % 3 == 2:
        means = [kept / 3.0 for kept in sums]
        optimizer.apply_gradients(zip(means, model.trainable_variables))  # expect: step/updated-twice
# %% near: set back behind each update
for step in range(8):
    for kept, gradient in zip(sums, gradients()):
        kept.assign_add(gradient)
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(sums, model.trainable_variables))
        for kept in sums:
            kept.assign(tf.zeros_like(kept))
# %% near: momentum by hand
for step in range(6):
    for kept, gradient in zip(velocity, gradients()):
        kept.assign(0.9 * kept + gradient)
    optimizer.apply_gradients(zip(velocity, model.trainable_variables))
# %% near: momentum in two writes
for step in range(6):
    for kept, gradient in zip(velocity, gradients()):
        kept.assign(0.9 * kept)
        kept.assign_add(gradient)
    optimizer.apply_gradients(zip(velocity, model.trainable_variables))
# %% near: one update for all
for step in range(4):
    for kept, gradient in zip(sums, gradients()):
        kept.assign_add(gradient)
optimizer.apply_gradients(zip(sums, model.trainable_variables))
# %% near: a running mean, which is moved towards each gradient
for step in range(8):
    for kept, gradient in zip(velocity, gradients()):
        kept.assign_add(0.1 * (gradient - kept))
    if step % 2:
        optimizer.apply_gradients(zip(velocity, model.trainable_variables))
# %% a list that is made anew and never emptied
totals = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(8):
    totals = [t + g for t, g in zip(totals, gradients())]
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(totals, model.trainable_variables))  # expect: step/updated-twice
# %% near: a list that begins again
totals = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(8):
    totals = [t + g for t, g in zip(totals, gradients())]
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(totals, model.trainable_variables))
        totals = [tf.zeros_like(v) for v in model.trainable_variables]
# %% near: a list that begins again as None
totals = None
for step in range(8):
    found = gradients()
    totals = found if totals is None else [t + g for t, g in zip(totals, found)]
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(totals, model.trainable_variables))
        totals = None
# %% near: begun with the first, emptied behind the update
totals = None
for step in range(8):
    found = gradients()
    if totals is None:
        totals = list(found)
    else:
        totals = [t + g for t, g in zip(totals, found)]
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(totals, model.trainable_variables))
        totals = None
# %% near: begun in an outer loop
for big in range(3):
    totals = [tf.zeros_like(v) for v in model.trainable_variables]
    for small in range(2):
        for i, gradient in enumerate(gradients()):
            totals[i] += gradient
    optimizer.apply_gradients(zip(totals, model.trainable_variables))
# %% near: what is kept fades
totals = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(8):
    totals = [0.9 * t + g for t, g in zip(totals, gradients())]
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(totals, model.trainable_variables))
# %% near: a list of lists that is cleared
several = []
for step in range(8):
    several.append(gradients())
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip([sum(g) for g in zip(*several)], model.trainable_variables))
        several.clear()
# %% near: the losses of several passes, one gradient each
for step in range(3):
    one, other = gradients(), gradients()
    both = [a + b for a, b in zip(one, other)]
    optimizer.apply_gradients(zip(both, model.trainable_variables))
# %% near: a list of norms of which the last is read
norms = []
for step in range(8):
    found = gradients()
    norms.append(tf.linalg.global_norm(found))
    if step % 2:
        optimizer.apply_gradients(zip([g / (1e-8 + norms[-1]) for g in found], model.trainable_variables))
# %% near: a function sets the sums back
def begin():
    global totals
    totals = [tf.zeros_like(v) for v in model.trainable_variables]
begin()
for step in range(8):
    totals = [t + g for t, g in zip(totals, gradients())]
    if (step + 1) % 2 == 0:
        optimizer.apply_gradients(zip(totals, model.trainable_variables))
        begin()
# %% near: a queue of the last gradients
from collections import deque
latest = deque(maxlen=3)
for step in range(8):
    latest.append(gradients())
    if step % 2:
        optimizer.apply_gradients(zip([sum(g) / 3.0 for g in zip(*latest)], model.trainable_variables))
# %% near: a count of the turns scales what begins again
totals, turns = [tf.zeros_like(v) for v in model.trainable_variables], 0
for step in range(8):
    totals = [t + g for t, g in zip(totals, gradients())]
    turns += 1
    if turns % 2 == 0:
        rate = 1.0 / turns
        optimizer.apply_gradients(zip([t * rate for t in totals], model.trainable_variables))
        totals = [tf.zeros_like(v) for v in model.trainable_variables]
# %% near: a mean that runs, as a list
means = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(8):
    means = [m + 0.1 * (g - m) for m, g in zip(means, gradients())]
    if step % 2:
        optimizer.apply_gradients(zip(means, model.trainable_variables))
# %% near: sums of squares scale the gradients
squares = [tf.zeros_like(v) for v in model.trainable_variables]
for step in range(8):
    found = gradients()
    squares = [s + g * g for s, g in zip(squares, found)]
    if step % 2:
        optimizer.apply_gradients(zip([g / tf.sqrt(s + 1e-8) for g, s in zip(found, squares)], model.trainable_variables))
