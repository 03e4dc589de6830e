import tensorflow as tf
table = tf.Variable(tf.ones((6, 2)), name="table")
w = tf.Variable([1.0, 2.0, 3.0], name="w")
# %% an empty selection
with tf.GradientTape() as tape:
    rows = tf.gather(table * 2.0, tf.zeros((0,), tf.int32))  # expect: zero/rows-not-selected
    loss = tf.reduce_sum(rows)
grad = tape.gradient(loss, table)  # status: zero
# %% near: some rows
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.gather(table * 2.0, [1, 3]))
grad = tape.gradient(loss, table)  # status: ok
