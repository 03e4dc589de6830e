# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(4)
x = tf.Variable([1.5, -0.5])
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1)])
data = tf.random.normal((8, 2), seed=2)
def parabola(z):
    y = z - 0.3
    return y * y
def slope(z):
    with tf.GradientTape() as t:
        t.watch(z)
        # nothing else
    return t.gradient(parabola(z), z)
class Well:
    depth = 2.0
    def energy(self, at):
        return tf.reduce_sum(self.depth * at ** 4 - at ** 2)
    def force(self, at):
        with tf.GradientTape() as tape: tape.watch(at)
        return -tape.gradient(self.energy(at), at)
def error_of(model, inputs):
    out = model(inputs)
    return tf.reduce_mean(tf.square(out - 1.0))
def steps(turns):
    found = []
    for turn in range(turns):
        with tf.GradientTape() as tape:
            pass
        grads = tape.gradient(target=error_of(net, data), sources=net.trainable_variables)
        found.append(grads)
    return found
def by_row(rows):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(rows)
    return [tape.gradient(parabola(row), rows) for row in (rows[0], rows[1])]
# %% a function of functions
# fix: none/outside-tape
# becomes: loss = parabola(z)
# becomes: return t.gradient(loss, z)
g = slope(tf.constant([1.0, 2.0]))
# %% a method, and a block on one line
# fix: none/outside-tape
# becomes: tape.watch(at)
# becomes: loss = self.energy(at)
# becomes: return -tape.gradient(loss, at)
well = Well()
f = well.force(tf.constant([0.2, 0.7]))
# %% a loop, and an empty block
# fix: none/outside-tape
# becomes: loss = error_of(net, data)
# becomes: grads = tape.gradient(target=loss, sources=net.trainable_variables)
# gone: pass
grads = steps(2)
# %% a jacobian
# fix: none/outside-tape
# becomes: loss = parabola(x)
# becomes: j = tape.jacobian(loss, x)
with tf.GradientTape() as tape:
    y = x * 2.0
j = tape.jacobian(parabola(x), x)
# %% a part of what the function gives
# fix: none/outside-tape
# becomes: loss = 2.0 * parabola(x)[0]
with tf.GradientTape() as tape:
    tape.watch(x)
g = tape.gradient(2.0 * parabola(x)[0], x)
# %% several targets in a list
# fix: none/outside-tape
# becomes: loss = [parabola(x), error_of(net, x[None])]
with tf.GradientTape() as tape:
    tape.watch(x)
g = tape.gradient([parabola(x), error_of(net, x[None])], x)
# %% a name that the function gives behind the block
# fix: none/outside-tape
# becomes: out = parabola(x)
with tf.GradientTape() as tape:
    tape.watch(x)
out = parabola(x)
g = tape.gradient(out, x)
# %% a second derivative
# fix: none/outside-tape
# becomes: loss = parabola(x)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        inner.watch(x)
    g = inner.gradient(parabola(x), x)
    size = tf.reduce_sum(x)
h = outer.gradient(size, x)
# %% near: the function of another value that the block does not have
# none: none/outside-tape
with tf.GradientTape() as tape:
    y = x * 2.0
x = tf.Variable([0.0, 1.0])
g = tape.gradient(parabola(x), x)
# %% near: rows of a comprehension
# none: none/outside-tape
g = by_row(tf.constant([1.0, 2.0]))
# %% near: the variable is another number by then
# none: none/outside-tape
with tf.GradientTape() as tape:
    tape.watch(x)
x.assign_add([1.0, 1.0])
g = tape.gradient(parabola(x), x)
