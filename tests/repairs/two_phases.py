# %% setup
import keras
import numpy as np
from keras import layers
keras.utils.set_random_seed(9)
body = keras.Sequential([keras.Input((5,)), layers.Dense(6, activation="relu")], name="body")
body.trainable = False
entrance = keras.Input((5,))
whole = keras.Model(entrance, layers.Dense(1)(body(entrance)))
x = np.random.default_rng(3).normal(size=(32, 5)).astype("float32")
y = x[:, :1] * x[:, 1:2]
class Thaw(keras.callbacks.Callback):
    def __init__(self, name, epoch=1):
        super().__init__()
        self.name, self.when = name, epoch
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.when:
            self.model.get_layer("body").trainable = True
class ThawAfter(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.last = epoch
    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.last:
            # all layers of it
            for_all = self.model.get_layer("body")
            for_all.trainable = True
class Chatty(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            self.model.get_layer("body").trainable = True
    def on_train_end(self, logs=None):
        self.done = True
class AtTwo(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            body.trainable = True
# %% at the beginning of an epoch that the method names
# fix: step/stale-capture
# becomes: whole.fit(x, y, epochs=2, verbose=0)
# becomes: body.trainable = True
# becomes: history = whole.fit(x, y, epochs=5, verbose=0, initial_epoch=2)
whole.compile(optimizer=keras.optimizers.SGD(0.01), loss="mse")
history = whole.fit(x, y, epochs=5, callbacks=[AtTwo()], verbose=0)
# %% at the end of an epoch that the object is given
# fix: step/stale-capture
# becomes: whole.fit(x, y, epochs=2, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
# becomes: for_all = whole.get_layer("body")
# becomes: whole.fit(x, y, epochs=4, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()], initial_epoch=2)
whole.compile("sgd", "mse")
whole.fit(x, y, epochs=4, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN(), ThawAfter(epoch=1)])
# %% near: a callback that does more
# none: step/stale-capture
whole.compile("sgd", "mse")
history = whole.fit(x, y, epochs=3, callbacks=[Chatty()], verbose=0)
# %% near: an optimizer that was used already
# none: step/stale-capture
optimizer = keras.optimizers.SGD(0.01)
whole.compile(optimizer, "mse")
history = whole.fit(x, y, epochs=3, callbacks=[AtTwo()], verbose=0)
# %% near: the epoch is not written
# none: step/stale-capture
whole.compile("sgd", "mse")
history = whole.fit(x, y, epochs=3, callbacks=[Thaw("body")], verbose=0)
