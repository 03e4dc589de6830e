import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
x = tf.Variable([0.0, 2.0, 3.0], name="x")
v = tf.Variable([[1.0, 2.0], [0.0, 0.0], [3.0, 1.0]], name="v")
points = tf.constant([[0.5, 1.0], [0.0, 2.0]])
off = keras.Sequential([
    keras.Input((2,)),
    keras.layers.Dense(4, activation="relu", bias_initializer=keras.initializers.Constant(-50.0)),  # expect: zero/dead-activation
    keras.layers.Dense(2),
])
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)])
# %% all rows at once, a mask that comes too late
with tf.GradientTape() as tape:
    y = tf.where(x > 0.0, tf.math.log(x), 0.0)  # expect: nonfinite/where-trap
jacobian = tape.jacobian(y, x)  # status: nan
# %% all rows at once, a norm of nothing
with tf.GradientTape() as tape:
    lengths = tf.norm(v, axis=1)  # expect: nonfinite/infinite-derivative
jacobian = tape.jacobian(lengths, v)  # status: nan
# %% example by example, a root of nothing
with tf.GradientTape() as tape:
    tape.watch(points)
    y = net(tf.sqrt(points))  # expect: nonfinite/infinite-derivative
jacobian = tape.batch_jacobian(y, points)  # status: inf|nan
# %% all rows at once, units that are off
with tf.GradientTape() as tape:
    tape.watch(points)
    y = off(points)
jacobian = tape.jacobian(y, points)  # status: zero
# expect setup
# %% all rows at once, rounded
with tf.GradientTape() as tape:
    y = tf.round(x) * 2.0  # expect: none/non-differentiable-op
jacobian = tape.jacobian(y, x)  # status: none
# %% all rows at once, masked
with tf.GradientTape() as tape:
    y = tf.zeros(3) * x  # expect: zero/masked-out
jacobian = tape.jacobian(y, x)  # status: zero
# %% row by row
with tf.GradientTape(persistent=True) as tape:
    y = tf.where(x > 0.0, tf.math.log(x), 0.0)  # expect: nonfinite/where-trap
jacobian = tape.jacobian(y, x, experimental_use_pfor=False)  # status: nan
# %% row by row, with a tape that can be asked once
with tf.GradientTape() as tape:
    y = x * x
jacobian = tape.jacobian(y, x, experimental_use_pfor=False)  # expect: error/tape-used-twice
# raises: RuntimeError
# %% near: a Jacobian without a fault
with tf.GradientTape() as tape:
    tape.watch(points)
    y = net(points)
jacobian = tape.jacobian(y, [points, *net.trainable_variables])  # status: ok ok ok ok ok
# %% near: a Jacobian with rows of zeros
with tf.GradientTape() as tape:
    y = tf.stack([x[0] * 2.0, tf.constant(1.0), x[1] * x[2]])
jacobian = tape.jacobian(y, x)  # status: ok
# %% near: of a gradient
with tf.GradientTape() as outer:
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(x**3)
    g = tape.gradient(y, x)
hessian = outer.jacobian(g, x)  # status: ok
