import tensorflow as tf
w = tf.Variable(2.0, name="w")
b = tf.Variable(1.0, name="b")
# %% zeros asked for
with tf.GradientTape() as tape:
    loss = w * tf.stop_gradient(b)  # expect: zero/hidden-none
grads = tape.gradient(loss, [w, b], unconnected_gradients=tf.UnconnectedGradients.ZERO)
# %% near: connected
with tf.GradientTape() as tape:
    loss = w * b
grads = tape.gradient(loss, [w, b], unconnected_gradients="zero")
# %% stopped in the turns of a compiled loop
@tf.function
def step():
    with tf.GradientTape() as tape:
        total = b * 0.5
        for i in tf.range(3):
            total += tf.stop_gradient(w * tf.cast(i, tf.float32))  # expect: zero/hidden-none
        loss = total ** 2
    return tape.gradient(loss, [w, b])  # status: zero ok
grads = step()
# %% counted in a compiled loop
@tf.function
def count(threshold):
    spikes = tf.zeros(())
    for i in tf.range(4):
        spikes += tf.cast(threshold * tf.cast(i, tf.float32) > 3.0, tf.float32)  # expect: zero/hidden-none
    return spikes
with tf.GradientTape() as tape:
    loss = (count(w) - 3.0 * b) ** 2
grads = tape.gradient(loss, [w, b])  # status: zero ok
# %% only in the condition of a compiled loop
@tf.function
def turns(rate, level):
    n, y = tf.while_loop(lambda n, y: y < 5.0, lambda n, y: (n + 1, y + rate), [tf.constant(0), level])  # expect: zero/hidden-none
    return tf.cast(n, tf.float32), y
with tf.GradientTape() as tape:
    n, level = turns(w, tf.constant(0.0))
    loss = (n - 1.0) ** 2
grad = tape.gradient(loss, w)  # status: zero
# %% a batch Jacobian of what is not watched
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape() as tape:  # expect: zero/hidden-none
    out = x * w
jacobian = tape.batch_jacobian(out, x)  # status: zero
# %% near: gradients through a compiled loop
@tf.function
def step():
    with tf.GradientTape() as tape:
        total = b * 0.5
        for i in tf.range(1, 4):
            total += w * tf.cast(i, tf.float32)
            if total > 100.0:
                total = tf.stop_gradient(total)
        loss = total ** 2
    return tape.gradient(loss, [w, b])
grads = step()
# %% near: the level of a compiled loop
@tf.function
def turns(rate, level):
    n, y = tf.while_loop(lambda n, y: y < 5.0, lambda n, y: (n + 1, y + rate), [tf.constant(0), level])
    return tf.cast(n, tf.float32), y
with tf.GradientTape() as tape:
    n, level = turns(w, tf.constant(0.0))
    loss = (level - 5.0) ** 2 + (n - 1.0) ** 2
grad = tape.gradient(loss, w)
# %% near: a batch Jacobian
x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape() as tape:
    tape.watch(x)
    out = x * w
jacobian = tape.batch_jacobian(out, x)
# %% cut in the branch that ran
@tf.function
def step(flag):
    with tf.GradientTape() as tape:
        if flag:
            loss = b * tf.round(w)  # expect: zero/hidden-none
        else:
            loss = b * w
    return tape.gradient(loss, [w, b])  # status: zero ok
grads = step(tf.constant(True))
# %% cut in a case of several
@tf.function
def pick(which):
    h = w * 2.0
    return tf.switch_case(which, [lambda: h * b, lambda: b * tf.cast(h > 1.0, tf.float32), lambda: h])  # expect: zero/hidden-none
with tf.GradientTape() as tape:
    loss = pick(tf.constant(1))
grads = tape.gradient(loss, [w, b])  # status: zero ok
# %% near: cut in the branch that did not run
@tf.function
def step(flag):
    with tf.GradientTape() as tape:
        if flag:
            loss = b * tf.round(w)
        else:
            loss = b * w
    return tape.gradient(loss, [w, b])
grads = step(tf.constant(False))
# %% setup
import numpy as np
import tensorflow as tf
weights = tf.Variable([1.0, 2.0, 3.0], name="weights")
offset = tf.Variable(1.0, name="offset")
def by_numpy(values):
    return tf.constant(np.mean(values.numpy() ** 2), tf.float32)  # expect: zero/hidden-none
# %% a py_function whose function leaves TensorFlow
with tf.GradientTape() as tape:
    loss = tf.py_function(by_numpy, [weights * 2.0], tf.float32) + offset
grads = tape.gradient(loss, [weights, offset])  # status: zero ok
# %% a py_function whose function hands a tensor to NumPy
def handed_over(values):
    return np.mean(np.square(values)).astype("float32")  # expect: zero/hidden-none
with tf.GradientTape() as tape:
    loss = tf.py_function(handed_over, [weights * 2.0], tf.float32) + offset
grads = tape.gradient(loss, [weights, offset])  # status: zero ok
# %% a py_function of a single number, in a graph
def sine(value):
    return tf.constant(np.sin(float(value)), tf.float32)  # expect: zero/hidden-none
@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.py_function(sine, [offset * 2.0], tf.float32)
    return tape.gradient(loss, offset)  # status: zero
grad = step()
# %% a py_function whose function counts
def counted(values):
    return tf.reduce_sum(tf.cast(values > 1.5, tf.float32))
with tf.GradientTape() as tape:
    loss = tf.py_function(counted, [weights * 2.0], tf.float32) + offset  # expect: zero/hidden-none
grads = tape.gradient(loss, [weights, offset])  # status: zero ok
# %% near: a py_function that stays in TensorFlow, and a value for a print
def stays(values):
    print(float(tf.reduce_sum(values)), values.numpy())
    return tf.reduce_mean(values ** 2)
with tf.GradientTape() as tape:
    loss = tf.py_function(stays, [weights * 2.0], tf.float32) + offset
grads = tape.gradient(loss, [weights, offset])  # status: ok ok
# %% a true zero out of a py_function
def held(values):
    return tf.reduce_sum(tf.maximum(values, 100.0))
with tf.GradientTape() as tape:
    loss = tf.py_function(held, [weights * 2.0], tf.float32) + offset  # expect: zero/unexplained
grads = tape.gradient(loss, [weights, offset])  # status: zero ok
# %% setup
import tensorflow as tf
w, v, xs = tf.Variable(0.9), tf.Variable(1.0), tf.constant([1.0, 2.0, 3.0])
@tf.function
def recurrent(xs):
    h, c, out = tf.constant(0.0), tf.constant(0.0), tf.TensorArray(tf.float32, 3)
    for i in tf.range(3):
        h = tf.tanh(h * w + xs[i])  # expect: zero/hidden-none
        c = tf.tanh(c * v + xs[i])
        out = out.write(i, c)
    return out.stack()
# %% a state of a compiled loop that is not handed back
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(recurrent(xs))
grads = tape.gradient(loss, [w, v])  # status: zero ok
