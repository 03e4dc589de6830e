# %% setup
import keras
import numpy as np
x = np.random.default_rng(3).normal(size=(24, 5)).astype("float32")
y = (x[:, :1] > 0.0).astype("float32")
def halved(epoch):
    start, factor, every = 0.2, 0.5, 8
    rate = start * factor ** epoch // every
    return rate
def climbing(epoch):
    if epoch < 6:
        return 0.05 * epoch // 6
    return 0.05
def smaller(turn):
    return (0.3 * 0.9 ** turn) // 20
def by_time(epoch):
    return 0.4 // (1.0 + 0.5 * (epoch + 1))
def trained(callback):
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model.fit(x, y, epochs=3, batch_size=12, verbose=0, callbacks=[callback])
# %% a power that is divided
# fix: step/update-without-effect
# becomes: rate = start * factor ** (epoch // every)
history = trained(keras.callbacks.LearningRateScheduler(halved))
# %% a climb that is divided as a product
# fix: step/update-without-effect
# becomes: return 0.05 * (epoch + 1) / 6
history = trained(keras.callbacks.LearningRateScheduler(climbing))
# %% a rate that falls with the time
# fix: step/update-without-effect
# becomes: return 0.4 / (1.0 + 0.5 * (epoch + 1))
history = trained(keras.callbacks.LearningRateScheduler(by_time))
# %% a power in a loop by hand
# fix: step/update-without-effect
# becomes: model.optimizer.learning_rate = 0.1 * 0.7 ** (round_ // 4)
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(0.1), "mse")
for round_ in range(3):
    model.optimizer.learning_rate = 0.1 * 0.7 ** round_ // 4
    model.train_on_batch(x, y)
# %% near: a product in parentheses is divided
# none: step/update-without-effect
history = trained(keras.callbacks.LearningRateScheduler(smaller))
# %% a schedule that is an object
# fix: step/update-without-effect
# becomes: return 1e-3 * keras.ops.cast(step / 1000, "float32")
class Warming(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 1e-3 * keras.ops.cast(step // 1000, "float32")
line = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
line.compile(keras.optimizers.SGD(Warming()), "mse")
line.fit(x, y, epochs=3, batch_size=12, verbose=0)
