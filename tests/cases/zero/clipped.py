import tensorflow as tf
w = tf.Variable([5.0, 7.0], name="w")
# %% beyond the bound
with tf.GradientTape() as tape:
    c = tf.clip_by_value(w, -1.0, 1.0)  # expect: zero/clipped
    loss = tf.reduce_sum(c ** 2)
grad = tape.gradient(loss, w)
# %% maximum
with tf.GradientTape() as tape:
    c = tf.minimum(w, 2.0)  # expect: zero/clipped
    loss = tf.reduce_sum(c ** 2)
grad = tape.gradient(loss, w)
# %% near: inside
with tf.GradientTape() as tape:
    c = tf.clip_by_value(w, -10.0, 6.0)
    loss = tf.reduce_sum(c ** 2)
grad = tape.gradient(loss, w)
# %% every example beyond the margin from the start
x = tf.constant([[1.0, 2.0]])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.maximum(1.0 - tf.reduce_sum(x * w, axis=1), 0.0))  # expect: zero/clipped
grad = tape.gradient(loss, w)  # status: zero
# %% near: a hinge that training has satisfied
x = tf.constant([[1.0, 2.0], [2.0, 1.0]])
u = tf.Variable([0.1, 0.1], name="u")
for step in range(6):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.maximum(1.0 - tf.reduce_sum(x * u, axis=1), 0.0))  # note: zero/clipped
    grad = tape.gradient(loss, u)  # status: zero
    u.assign_sub(0.2 * grad)
# %% quantised to a range that no value is in
scale = tf.Variable([1.0, 1.0], name="scale")
with tf.GradientTape() as tape:
    codes = tf.quantization.fake_quant_with_min_max_args(scale * [-3.0, -5.0], 0.0, 6.0)  # expect: zero/clipped
    loss = tf.reduce_sum((codes - 1.0) ** 2)
grad = tape.gradient(loss, scale)  # status: zero
# %% near: quantised to a range
scale = tf.Variable([1.0, 1.0], name="scale")
with tf.GradientTape() as tape:
    codes = tf.quantization.fake_quant_with_min_max_args(scale * [3.0, -5.0], 0.0, 6.0)
    loss = tf.reduce_sum((codes - 1.0) ** 2)
grad = tape.gradient(loss, scale)
# %% clipped to where the next function is infinitely steep
import tensorflow as tf
w = tf.Variable([3.0, -4.0], name="w")
with tf.GradientTape() as tape:
    angle = tf.acos(tf.clip_by_value(w, -1.0, 1.0))  # expect: zero/clipped
    loss = tf.reduce_sum(angle)
grads = tape.gradient(loss, [w])  # status: zero
# %% a product of the two sides of one clipped value, sliced
corner = tf.Variable([[0.0, 0.0], [1.0, 1.0]], name="corner")
with tf.GradientTape() as tape:
    sides = tf.maximum(corner - 5.0, 0.0)  # expect: zero/clipped
    area = sides[..., 0] * sides[..., 1]
    loss = tf.reduce_mean(1.0 - area)
grad = tape.gradient(loss, corner)  # status: zero
# %% near: one of the two boxes meets its target
corner = tf.Variable([[0.0, 0.0], [9.0, 8.0]], name="corner")
with tf.GradientTape() as tape:
    sides = tf.maximum(corner - 5.0, 0.0)
    area = sides[..., 0] * sides[..., 1]
    loss = tf.reduce_mean(1.0 - area)
grad = tape.gradient(loss, corner)
# %% one side is always clipped, the other never
corner = tf.Variable([[0.0, 9.0], [1.0, 8.0]], name="corner")
with tf.GradientTape() as tape:
    sides = tf.maximum(corner - 5.0, 0.0)  # expect: zero/clipped
    area = sides[..., 0] * sides[..., 1]
    loss = tf.reduce_mean(1.0 - area)
grad = tape.gradient(loss, corner)  # status: zero
# %% the factor is 0 by itself and not by its bound
start = tf.Variable([0.0, 0.0], name="start")
with tf.GradientTape() as tape:
    held = tf.maximum(start, 0.0)
    loss = tf.reduce_sum(held * held) + 1.0  # expect: zero/stationary-point
grad = tape.gradient(loss, start)  # status: zero
# %% setup
import tensorflow as tf
turn, above = tf.Variable(tf.random.normal((3, 3), seed=1)), tf.Variable(tf.fill((3,), 40.0))
points = tf.random.normal((5, 3), seed=2)
@tf.function
def squash(x):
    with tf.GradientTape() as tape:
        state, k = x, tf.constant(0)
        while k < 3:
            state = tf.clip_by_value(state @ turn + above, -1.0, 1.0)  # expect: zero/clipped
            k += 1
        loss = tf.reduce_mean(state ** 3 + state)
    return tape.gradient(loss, [turn, above])  # status: zero zero
# %% in the loop of a compiled step
grads = squash(points)
