# %% healthy
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2)
# status: ok ok
# %% healthy with a mask
error = tf.matmul(xb, w) * b - yb
kept = tf.cast(tf.abs(error) > 0.01, error.dtype)
loss = tf.reduce_sum(kept * error**2) / tf.maximum(tf.reduce_sum(kept), 1.0)
# status: ok ok
# %% healthy safe where
rate = tf.nn.relu(w - 1.5)
safe = tf.where(rate > 0.0, rate, tf.ones_like(rate))
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(tf.where(rate > 0.0, tf.math.log(safe), 0.0))
# status: ok ok
# %% healthy straight through
hidden = tf.matmul(xb, w) * b
rounded = hidden + tf.stop_gradient(tf.round(hidden) - hidden)
loss = tf.reduce_mean((rounded - yb) ** 2)
# status: ok ok
# %% healthy target
goal = tf.stop_gradient(tf.matmul(xb, w) * 0.9)
loss = tf.reduce_mean((tf.matmul(xb, w) * b - goal) ** 2)
# status: ok ok
# %% healthy norm
hidden = tf.math.l2_normalize(tf.matmul(xb, tf.concat([w, tf.reverse(w, [0]) * tf.constant([[1.0], [2.0], [3.0]])], 1)), 1)
loss = tf.reduce_mean((hidden[:, :1] * b - yb) ** 2)
# status: ok ok
# %% stop
scaled = tf.matmul(xb, tf.stop_gradient(w))  # expect: none/stop-gradient
loss = tf.reduce_mean((scaled * b - yb) ** 2)
# status: none ok
# %% stop further back
frozen = tf.stop_gradient(w * 2.0)  # expect: none/stop-gradient
hidden = tf.tanh(tf.matmul(xb, frozen))
output = hidden * b
loss = tf.reduce_mean((output - yb) ** 2)
# status: none ok
# %% round
levels = tf.round(tf.matmul(xb, w) * 4.0)  # expect: none/non-differentiable-op
loss = tf.reduce_mean((levels * b - yb) ** 2)
# status: none ok
# %% floor
levels = tf.floor(tf.matmul(xb, w) * 4.0)  # expect: none/non-differentiable-op
loss = tf.reduce_mean((levels * b - yb) ** 2)
# status: none ok
# %% sign
levels = tf.sign(tf.matmul(xb, w))  # expect: zero/zero-derivative-op
loss = tf.reduce_mean((levels * b - yb) ** 2)
# status: zero ok
# %% argmax
best = tf.argmax(tf.matmul(xb, w) * tf.constant([[1.0, 2.0, 3.0]]), axis=1)  # expect: none/non-differentiable-op
loss = tf.reduce_mean((tf.cast(best, tf.float32)[:, None] * b - yb) ** 2)
# status: none ok
# %% integers
levels = tf.cast(tf.matmul(xb, w) * 4.0, tf.int32)  # expect: none/non-float-dtype
loss = tf.reduce_mean((tf.cast(levels, tf.float32) * b - yb) ** 2)
# status: none ok
# %% threshold
hits = tf.cast(tf.matmul(xb, w) > 0.5, tf.float32)  # expect: none/non-differentiable-op
loss = tf.reduce_mean((hits * b - yb) ** 2)
# status: none ok
# %% sampling
drawn = tf.random.categorical(tf.matmul(xb, w) * tf.constant([[1.0, 2.0]]), 1)  # expect: none/non-differentiable-op
loss = tf.reduce_mean((tf.cast(drawn, tf.float32) * b - yb) ** 2)
# status: none ok
# %% discarded
hidden = tf.tanh(tf.matmul(xb, w))  # expect: none/discarded-result
loss = tf.reduce_mean((xb[:, :1] * b - yb) ** 2)
# status: none ok
# %% numpy function
hidden = tf.numpy_function(lambda v: v * 2.0, [tf.matmul(xb, w)], tf.float32)  # expect: none/left-tensorflow
hidden = tf.reshape(hidden, [-1, 1])
loss = tf.reduce_mean((hidden * b - yb) ** 2)
# status: none ok
# %% infinite slope
error = tf.matmul(xb, w) * b - yb
loss = tf.reduce_mean(error**2) + tf.reduce_sum(tf.sqrt(tf.nn.relu(w - 1.0)))  # expect: nonfinite/infinite-derivative
# status: nan ok
# %% norm of zero
error = tf.matmul(xb, w) * b - yb
loss = tf.reduce_mean(error**2) + 0.01 * tf.norm(w - 1.0)  # expect: nonfinite/infinite-derivative
# status: nan ok
# %% power of zero
shift = tf.nn.relu(w - 1.0)
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(tf.pow(shift, 0.5))  # expect: nonfinite/infinite-derivative
# status: nan ok
# %% spread of equals
spread = tf.math.reduce_std(w)  # expect: nonfinite/infinite-derivative
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + spread
# status: nan ok
# %% where trap
rate = tf.nn.relu(w - 1.0)
score = tf.where(rate > 0.0, tf.math.log(rate), 0.0)  # expect: nonfinite/where-trap
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(score)
# status: nan ok
# %% where trap of a power
gap = w - 2.0
length = tf.where(gap > 0.0, tf.pow(gap, 0.5), tf.zeros_like(gap))  # expect: nonfinite/where-trap
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(length)
# status: nan ok
# %% log of zero
rate = tf.nn.relu(w - 1.0)
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(rate * tf.math.log(rate))  # expect: nonfinite/invalid-forward-value
# status: nan ok
# %% division by zero
gap = w - 1.0
share = gap / tf.reduce_sum(gap)  # expect: nonfinite/invalid-forward-value
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(share)
# status: nan ok
# %% root of a negative number
depth = tf.sqrt(0.5 - w)  # expect: nonfinite/invalid-forward-value
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(depth)
# status: nan ok
# %% overflow
grown = tf.exp(w * 100.0)  # expect: nonfinite/overflow
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(grown)
# status: inf|nan ok
# %% overflow of squares
large = w * 1e20
loss = tf.reduce_mean((tf.matmul(xb, w) * b - yb) ** 2) + tf.reduce_sum(large**2)  # expect: nonfinite/overflow
# status: inf ok
# %% dead
hidden = tf.nn.relu(tf.matmul(xb, w) - 100.0)  # expect: zero/dead-activation
loss = tf.reduce_mean((hidden - yb) ** 2) + tf.reduce_sum(b**2)
# status: zero ok
# %% saturated
hidden = tf.sigmoid(tf.matmul(xb, w) * 1000.0 + 1000.0)  # expect: zero/saturated-activation
loss = tf.reduce_mean((hidden * b - yb) ** 2)
# status: zero ok
# %% saturated tanh
hidden = tf.tanh(tf.matmul(xb, w) * 100.0 + 100.0)  # expect: zero/saturated-activation
loss = tf.reduce_mean((hidden * b - yb) ** 2)
# status: zero ok
# %% clipped
hidden = tf.clip_by_value(tf.matmul(xb, w), 50.0, 60.0)  # expect: zero/clipped
loss = tf.reduce_mean((hidden * b - yb) ** 2)
# status: zero ok
# %% held at a bound
hidden = tf.maximum(tf.matmul(xb, w), 50.0)  # expect: zero/clipped
loss = tf.reduce_mean((hidden * b - yb) ** 2)
# status: zero ok
# %% one unit
chance = tf.nn.softmax(tf.matmul(xb, w))  # expect: zero/single-unit-softmax
loss = tf.reduce_mean((chance * b - yb) ** 2)
# status: zero ok
# %% masked out
weights = tf.cast(xb[:, :1] > 50.0, tf.float32)  # also: zero/masked-out
error = weights * (tf.matmul(xb, w) - yb)  # expect: zero/masked-out
loss = tf.reduce_mean(error**2) + tf.reduce_sum(b**2)
# status: zero ok
# %% centred
hidden = tf.matmul(xb, w)
centred = hidden - tf.reduce_mean(hidden)  # expect: zero/stationary-point
loss = tf.reduce_mean(centred + (xb[:, :1] * b - yb) ** 2)  # also: zero/stationary-point
# status: zero ok
# %% rows not selected
table = tf.concat([w * 2.0, tf.ones((2, 1))], 0)
chosen = tf.gather(table, [3, 4])  # expect: zero/rows-not-selected
loss = tf.reduce_sum((chosen * b - 2.0) ** 2)
# status: zero ok
# %% underflow
chances = tf.reduce_prod(tf.sigmoid(tf.repeat(w, 20) - 9.0))  # expect: zero/underflow
loss = tf.reduce_mean((xb[:, :1] * b - yb) ** 2) + chances


# status: zero ok
# %% custom none
@tf.custom_gradient
def quantise(v):
    return v * 1.0, lambda upstream: None  # also: none/custom-gradient-none


loss = tf.reduce_mean((quantise(tf.matmul(xb, w)) * b - yb) ** 2)  # expect: none/custom-gradient-none
# status: none ok
# %% state
kept.assign(w * 2.0)  # expect: none/state-assignment
loss = tf.reduce_mean((tf.matmul(xb, kept) * b - yb) ** 2)
# status: none ok
