# %% setup
import tensorflow as tf
from tensorflow import GradientTape
a, b = tf.Variable(2.0, name="a"), tf.Variable(3.0, name="b")
with tf.GradientTape() as tape:
    area = a * b
    edge = a + b
with GradientTape(watch_accessed_variables=True) as inner:
    power = a**b
def measured():
    with tf.GradientTape() as own:
        value = a * a
    return own, value
own, value = measured()
# %% a tape of an earlier cell
# fix: error/tape-used-twice
# becomes: with tf.GradientTape(persistent=True) as tape:
of_area = tape.gradient(area, a)
try:
    of_edge = tape.gradient(edge, a)
except RuntimeError as error:
    print(error)
# %% a tape of an earlier cell that has arguments
# untried: error/tape-used-twice
# becomes: with GradientTape(watch_accessed_variables=True, persistent=True) as inner:
first = inner.gradient(power, a)
try:
    second = inner.gradient(power, b)
except RuntimeError as error:
    print(error)
# %% near: a tape that a function returns
# none: error/tape-used-twice
first = own.gradient(value, a)
try:
    second = own.gradient(value, a)
except RuntimeError as error:
    print(error)
