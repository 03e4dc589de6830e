# %% setup
import tensorflow as tf
import keras
slope, offset = tf.Variable(0.3), tf.Variable(-0.2)
positions = tf.linspace(-2.0, 2.0, 24)
readings = 1.7 * positions + 0.4
optimizer = keras.optimizers.SGD(0.02)
def misfit():
    return tf.reduce_mean((slope * positions + offset - readings) ** 2)
# %% lines of assignments, and the optimizer behind them
# fix: step/updated-twice
# becomes: optimizer.apply_gradients([(by_slope, slope), (by_offset, offset)])
# gone: slope.assign_sub(0.02 * by_slope)
# gone: offset.assign_sub(0.02 * by_offset)
for _ in range(3):
    with tf.GradientTape() as tape:
        cost = misfit()
    by_slope, by_offset = tape.gradient(cost, [slope, offset])
    slope.assign_sub(0.02 * by_slope)
    offset.assign_sub(0.02 * by_offset)
    optimizer.apply_gradients([(by_slope, slope), (by_offset, offset)])
# %% in a function, the optimizer first
# fix: step/updated-twice
# becomes: optimizer.apply_gradients(zip(found, [slope, offset]))
# gone: slope.assign(slope - 0.02 * found[0])
# gone: offset.assign(offset - 0.02 * found[1])
def step():
    with tf.GradientTape() as tape:
        cost = misfit()
    found = tape.gradient(cost, [slope, offset])
    optimizer.apply_gradients(zip(found, [slope, offset]))
    slope.assign(slope - 0.02 * found[0])
    offset.assign(offset - 0.02 * found[1])
    return cost
for _ in range(2):
    step()
# %% a loop over pairs goes as a whole
# fix: step/updated-twice
# gone: for v, g in zip([slope, offset], found):
for _ in range(3):
    with tf.GradientTape() as tape:
        cost = misfit()
    found = tape.gradient(cost, [slope, offset])
    optimizer.apply_gradients(zip(found, [slope, offset]))
    for v, g in zip([slope, offset], found):
        v.assign_sub(0.02 * g)
