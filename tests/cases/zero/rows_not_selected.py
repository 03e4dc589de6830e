import tensorflow as tf
import keras
keras.utils.set_random_seed(0)
a, b = tf.Variable([1.0, 2.0], name="a"), tf.Variable([3.0, 4.0], name="b")
# %% a slice of the other part
with tf.GradientTape() as tape:
    both = tf.concat([a, b], axis=0)  # also: zero/rows-not-selected
    loss = tf.reduce_sum(tf.square(both[:2]))  # expect: zero/rows-not-selected
grads = tape.gradient(loss, [a, b])
# %% a row of a stack
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.gather(tf.stack([a, b]), [0]) ** 2)  # expect: zero/rows-not-selected
grads = tape.gradient(loss, [a, b])
# %% an empty slice
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((a * b)[2:])  # expect: zero/rows-not-selected
grads = tape.gradient(loss, [a, b])
# %% near: some rows of a table
table = tf.Variable(tf.ones((5, 2)), name="table")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.gather(table, [1, 3]) ** 2)
grads = tape.gradient(loss, [table])
# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(5)
x = tf.random.uniform((8, 4))
first, second = keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)
first.build((None, 4)), second.build((None, 6))
drop = keras.layers.Dropout(1.0)  # expect: zero/rows-not-selected # expect: none/non-differentiable-op
half = keras.layers.Dropout(0.5)
# %% a dropout of everything
with tf.GradientTape() as tape:
    hidden = drop(first(x), training=True)
    loss = tf.reduce_mean((second(hidden) - 1.0) ** 2)
grads = tape.gradient(loss, first.trainable_variables + second.trainable_variables)  # status: none none zero ok
# expect setup
# %% near: a dropout of half
with tf.GradientTape() as tape:
    hidden = half(first(x), training=True)
    loss = tf.reduce_mean((second(hidden) - 1.0) ** 2)
grads = tape.gradient(loss, first.trainable_variables + second.trainable_variables)
# %% near: a state of zeros beside
with tf.GradientTape() as tape:
    hidden = first(x)
    state = tf.zeros_like(hidden)
    loss = tf.reduce_mean((second(hidden + state) - 1.0) ** 2)
grads = tape.gradient(loss, first.trainable_variables + second.trainable_variables)
# %% setup
import tensorflow as tf
import keras
keras.utils.set_random_seed(14)
letters = tf.random.normal((6, 3))
routes = keras.layers.Dense(3)
desks = [keras.layers.Dense(2, activation="tanh") for _ in range(3)]
routes.build((None, 3)), [desk.build((None, 3)) for desk in desks]
weights = [w for layer in (routes, *desks) for w in layer.trainable_variables]
def answer(inputs):
    share = tf.nn.softmax(routes(inputs))
    desk = tf.argmax(share, axis=-1, output_type=tf.int32)
    parts = tf.dynamic_partition(inputs, desk, 3)  # note: zero/rows-not-selected
    places = tf.dynamic_partition(tf.range(6), desk, 3)
    answers = tf.dynamic_stitch(places, [desks[i](part) for i, part in enumerate(parts)])
    return answers * tf.reduce_max(share, axis=-1, keepdims=True)
# %% desks without a letter
routes.bias.assign([9.0, 0.0, 0.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(answer(letters) - 1.0))
grads = tape.gradient(loss, weights)  # status: ok ok ok ok zero zero zero zero
# %% near: a letter for each desk
routes.kernel.assign(4.0 * tf.eye(3))
letters = tf.concat([tf.eye(3), 0.5 * tf.eye(3)], axis=0)
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(answer(letters) - 1.0))
grads = tape.gradient(loss, weights)
# %% near: examples that are hard in one batch only
scored = tf.Variable([1.0, -1.0], name="scored")
offset = tf.Variable(0.5, name="offset")
for level in (0.0, 9.0, 0.5):
    with tf.GradientTape() as tape:
        hard = tf.boolean_mask(scored, scored > level)  # note: zero/rows-not-selected
        loss = tf.reduce_sum(hard ** 2) + offset ** 2
    grads = tape.gradient(loss, [scored, offset])
    scored.assign_sub(0.1 * grads[0]), offset.assign_sub(0.1 * grads[1])
