# %% setup
import keras
import numpy as np
keras.utils.set_random_seed(22)
rng = np.random.default_rng(22)
x = rng.normal(size=(64, 4)).astype("float32")
y = x[:, :1] - 2.0 * x[:, 1:2]
def build():
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(6, activation="relu"), keras.layers.Dense(1)])
    net.compile("adam", "mse")
    return net
def snapshot(net):
    return keras.models.clone_model(net)
class Keeper:
    def __init__(self, model):
        self.model, self.best = model, None
    def run(self, epochs):
        lowest = np.inf
        for _ in range(epochs):
            loss = self.model.fit(x, y, verbose=0).history["loss"][0]
            if loss < lowest:
                lowest = loss
                self.best = keras.models.clone_model(self.model)  # so far
        return self.best.predict(x, verbose=0)
# %% a copy for later
# fix: step/trained-another-object
# becomes: final.set_weights(model.get_weights())
model = build()
model.fit(x, y, verbose=0)
final = keras.models.clone_model(model)
print(final(x[:2]))
# %% a function that returns the copy
# fix: step/trained-another-object
# becomes: copy = keras.models.clone_model(net)
# becomes: copy.set_weights(net.get_weights())
# becomes: return copy
model = build()
model.fit(x, y, verbose=0)
kept = snapshot(model)
print(kept.predict(x, verbose=0)[0])
# %% an attribute, in a loop
# fix: step/trained-another-object
# becomes: self.best.set_weights(self.model.get_weights())
Keeper(build()).run(2)
# %% from the configuration
# fix: step/trained-another-object
# becomes: twin.set_weights(model.get_weights())
model = build()
model.fit(x, y, verbose=0)
twin = keras.Sequential.from_config(model.get_config())
print(twin.predict(x, verbose=0)[0])
