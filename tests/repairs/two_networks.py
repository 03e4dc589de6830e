# %% setup
import keras
import tensorflow as tf
keras.utils.set_random_seed(6)
painter = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
judge = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
entropy = keras.losses.BinaryCrossentropy(from_logits=True)
of_painter, of_judge = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
def losses():
    guess = judge(painter(tf.random.normal((4, 2))))
    return entropy(tf.ones_like(guess), guess), entropy(tf.zeros_like(guess), guess)
# %% asked for the other network
# fix: error/gradient-shape-mismatch
# becomes: first = one.gradient(fooled, painter.trainable_variables)
with tf.GradientTape() as one, tf.GradientTape() as two:
    fooled, caught = losses()
first = one.gradient(fooled, judge.trainable_variables)
second = two.gradient(caught, judge.trainable_variables)
of_painter.apply_gradients(zip(first, painter.trainable_variables))
of_judge.apply_gradients(zip(second, judge.trainable_variables))
# %% asked for the other network, in a function
# fix: error/gradient-shape-mismatch
# becomes: caught_by = two.gradient(caught, judge.trainable_variables)
def step():
    with tf.GradientTape() as one, tf.GradientTape() as two:
        fooled, caught = losses()
    fooled_by = one.gradient(fooled, painter.trainable_variables)
    caught_by = two.gradient(caught, painter.trainable_variables)
    of_painter.apply_gradients(zip(fooled_by, painter.trainable_variables))
    of_judge.apply_gradients(zip(caught_by, judge.trainable_variables))
step()
# %% near: paired with the other network's list
# fix: error/gradient-shape-mismatch
# becomes: of_judge.apply_gradients(zip(second, judge.trainable_variables))
with tf.GradientTape() as one, tf.GradientTape() as two:
    fooled, caught = losses()
first = one.gradient(fooled, painter.trainable_variables)
second = two.gradient(caught, judge.trainable_variables)
of_painter.apply_gradients(zip(first, painter.trainable_variables))
of_judge.apply_gradients(zip(second, painter.trainable_variables))
