import tensorflow as tf
x = tf.Variable(0.0, name="x")
y = tf.Variable(0.5, name="y")
# %% the minimum
with tf.GradientTape() as tape:
    loss = x * x  # expect: zero/stationary-point
grad = tape.gradient(loss, x)
# %% square
with tf.GradientTape() as tape:
    loss = tf.square(x)  # expect: zero/stationary-point
grad = tape.gradient(loss, x)
# %% near: beside it
with tf.GradientTape() as tape:
    loss = y * y
grad = tape.gradient(loss, y)
# %% near: linear at zero
with tf.GradientTape() as tape:
    loss = 3.0 * x
grad = tape.gradient(loss, x)
# %% near: a minimum that training reached
place = tf.Variable(3.0, name="place")
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.square(place - 1.0)  # note: zero/stationary-point
    grad = tape.gradient(loss, place)  # status: zero
    place.assign_sub(0.5 * grad)
