# %% setup
import tensorflow as tf
w = tf.Variable(2.0, name="w")
total = tf.Variable(0.0, trainable=False)
# %% a loss summed up in a variable
# fix: none/state-assignment
# becomes: total = 0.0
# becomes: total += tf.square(w - float(t))
# becomes: print(total)
for step in range(2):
    total.assign(0.0)
    with tf.GradientTape() as tape:
        for t in range(3):
            total.assign_add(tf.square(w - float(t)))
    print(total.read_value())
    grad = tape.gradient(total, w)
# %% it goes on over all turns
# none: none/state-assignment
with tf.GradientTape() as tape:
    total.assign_add(tf.square(w - 1.0))
grad = tape.gradient(total, w)
