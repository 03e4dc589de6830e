import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
bad = tf.constant([1.0, float("inf")])
# %% infinity
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(bad * w)  # expect: nonfinite/bad-input-data
grad = tape.gradient(loss, w)
# %% near: an infinity that is masked before it is used
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.where(tf.math.is_finite(bad), bad, 0.0) * w)
grad = tape.gradient(loss, w)
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(3)
table = np.random.default_rng(1).normal(size=(40, 3)).astype("float32")
table[:, 2] = np.nan
target = table[:, :1].copy()
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)])
model.compile("sgd", "mae")
# %% a column of NaN that relu hides from the loss
model.fit(table, target, batch_size=20, verbose=0)  # expect: nonfinite/bad-input-data # allow: step/update-destroys-weights nonfinite/bad-variable-value zero/unexplained
# %% a column of NaN in a step of one's own
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.abs(tf.where(tf.math.is_nan(h := model(table)), 0.0, h) - target))  # expect: nonfinite/bad-input-data
grads = tape.gradient(loss, model.trainable_variables)  # allow: zero/masked-out
# %% near: the other columns
model.fit(np.nan_to_num(table), target, batch_size=20, verbose=0)
# %% setup
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(5)
series = np.random.normal(size=(8, 5, 1)).astype("float32")
halted = series.copy()
halted[2, 3, 0] = -np.inf
wanted = np.ones((8, 1), "float32")
recurrent = keras.Sequential([keras.Input((5, 1)), keras.layers.GRU(3), keras.layers.Dense(1)])
recurrent.compile(optimizer=keras.optimizers.Adam(1e-3, clipnorm=1.0), loss="mse")
cell = keras.layers.GRU(3)
cell(series)
# %% an infinity in the data of a recurrent layer, which its gates hide, under fit
# allow: step/update-destroys-weights
history = recurrent.fit(halted, wanted, verbose=0)  # expect: nonfinite/bad-input-data
# %% near: finite data of a recurrent layer, under fit
history = recurrent.fit(series, wanted, verbose=0)
# %% an infinity in what a traced function hands to a recurrent layer
@tf.function
def asked(values):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(cell(values) ** 2)  # expect: nonfinite/bad-input-data
    return tape.gradient(loss, cell.trainable_variables)
grads = asked(tf.constant(halted))
# %% an infinity that is made before the recurrent layer, and that its gates hide
# allow: step/update-destroys-weights
logged = keras.Sequential([keras.Input((5, 1)), keras.layers.Lambda(tf.math.log), keras.layers.GRU(3), keras.layers.Dense(1)])  # expect: nonfinite/invalid-forward-value
logged.compile(optimizer="sgd", loss="mse")
history = logged.fit(np.where(np.abs(series) > 2.0, 0.0, np.abs(series)) * (np.arange(5) != 3)[:, None], wanted, verbose=0)
# %% a derivative without a bound in the turns of a loop that reads finite rows
@tf.function
def rooted(rows, start):
    total = start
    for row in rows:
        total = tf.sqrt(total * row)  # expect: nonfinite/infinite-derivative or nonfinite/unexplained
    return total
start = tf.Variable(2.0, name="start")
with tf.GradientTape() as tape:
    loss = rooted(tf.constant([1.0, 0.0, 1.0]), start)  # also: nonfinite/unexplained
grad = tape.gradient(loss, start)
# %% setup
import numpy as np
import tensorflow as tf
gate = tf.Variable([[1.0]], name="gate")
level = tf.Variable(0.5, name="level")
rows = [np.array([[1.0]], "float32"), np.array([[np.inf]], "float32"), np.array([[2.0]], "float32")]
# %% what one run made NaN makes all NaN in the runs that follow
# allow: step/update-destroys-weights nonfinite/bad-variable-value
for row in rows:
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sigmoid(row @ gate) * level)  # expect: nonfinite/bad-input-data
    grads = tape.gradient(loss, [gate, level])  # status: nan nan
    for variable, grad in zip([gate, level], grads):
        variable.assign_sub(0.1 * grad)
# %% near: each run begins anew from finite values, and the one that is not finite is left out
for row in rows:
    if np.isfinite(row).all():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.sigmoid(row @ gate) * level)
        grads = tape.gradient(loss, [gate, level])  # status: ok ok
# %% setup
import numpy as np
import tensorflow as tf
import keras
keras.utils.set_random_seed(31)
grades = np.random.default_rng(31).normal(size=(20, 4)).astype("float32")
marks = grades[:, :2].copy()
marks[::3, 1] = np.nan
unknown = float("nan")
def of_known(wanted, given):
    known = tf.cast(wanted != unknown, tf.float32)
    return tf.reduce_sum(known * tf.square(wanted - given)) / tf.reduce_sum(known)
def of_filled(wanted, given):
    gaps = tf.math.is_nan(wanted)
    filled = tf.where(gaps, 0.0, wanted)
    known = 1.0 - tf.cast(gaps, tf.float32)
    return tf.reduce_sum(known * tf.square(filled - given)) / tf.reduce_sum(known)
teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
# %% gaps that are compared with NaN
teacher.compile("sgd", of_known)
history = teacher.fit(grades, marks, batch_size=10, verbose=0)  # expect: nonfinite/bad-input-data
# %% near: gaps that are looked for
teacher.compile("sgd", of_filled)
history = teacher.fit(grades, marks, batch_size=10, verbose=0)
