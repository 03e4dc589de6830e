import tensorflow as tf
w = tf.Variable(2.0, name="w")
store = tf.Variable(0.0, name="store")
# %% assign
with tf.GradientTape() as tape:
    store.assign(w * 3.0)  # expect: none/state-assignment
    loss = store * store
grad = tape.gradient(loss, w)
# %% assign add
with tf.GradientTape() as tape:
    store.assign_add(w)  # expect: none/state-assignment
    loss = store * 2.0
grad = tape.gradient(loss, w)
# %% near: written beside
with tf.GradientTape() as tape:
    h = w * 3.0
    store.assign(h)
    loss = h * h
grad = tape.gradient(loss, w)
# %% a variable that is the target itself
total = tf.Variable(0.0, name="total")
for step in range(2):
    total.assign(0.0)
    with tf.GradientTape() as tape:
        for t in range(3):
            total.assign_add(w * float(t + 1))  # expect: none/state-assignment
    grad = tape.gradient(total, w)
# %% near: a variable that keeps the sum for the log
total = tf.Variable(0.0, name="total")
for step in range(2):
    with tf.GradientTape() as tape:
        loss = w * 3.0
    total.assign_add(loss)
    grad = tape.gradient(loss, w)
