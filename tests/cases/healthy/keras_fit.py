import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops
keras.utils.set_random_seed(50)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(64, 8)).astype("float32"), rng.normal(size=(64, 1)).astype("float32")

class CustomModel(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae = keras.metrics.MeanAbsoluteError(name="mae")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=pred)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(grads, self.trainable_variables)
        self.loss_tracker.update_state(loss)
        self.mae.update_state(y, pred)
        return {"loss": self.loss_tracker.result(), "mae": self.mae.result()}

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae]

def custom():
    inputs = keras.Input((8,))
    return CustomModel(inputs, layers.Dense(1)(layers.Dense(8, activation="relu")(inputs)))

def plain():
    return keras.Sequential([keras.Input((8,)), layers.Dense(8, activation="relu"), layers.Dense(1)])
# %% custom train step, compiled
model = custom()
model.compile("adam", "mse")
model.fit(x, y, epochs=2, verbose=0)
# %% custom train step, eager
model = custom()
model.compile("sgd", "mse", run_eagerly=True)
model.fit(x, y, epochs=1, batch_size=32, verbose=0)
# %% jit compiled fit
model = plain()
model.compile("sgd", "mse", jit_compile=True)
model.fit(x, y, epochs=1, verbose=0)
# %% callbacks
class Log(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.last = logs["loss"]
model = plain()
model.compile("adam", "mse", metrics=["mae"])
log = Log()
model.fit(x, y, validation_split=0.25, epochs=3, verbose=0, callbacks=[log, keras.callbacks.EarlyStopping(patience=2), keras.callbacks.ReduceLROnPlateau(patience=1), keras.callbacks.TerminateOnNaN()])
# %% custom loss, metric and regularizer
def log_cosh(y_true, y_pred):
    return ops.mean(ops.log(ops.cosh(y_pred - y_true)), axis=-1)
class Worst(keras.metrics.Metric):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.worst = self.add_weight(name="worst", initializer="zeros")
    def update_state(self, y_true, y_pred, sample_weight=None):
        self.worst.assign(ops.maximum(self.worst, ops.max(ops.abs(y_true - y_pred))))
    def result(self):
        return self.worst
model = keras.Sequential([keras.Input((8,)), layers.Dense(8, activation="relu", kernel_regularizer="l2", activity_regularizer=keras.regularizers.L1(1e-4)), layers.Dense(1, kernel_constraint="max_norm")])
model.compile("sgd", log_cosh, metrics=[Worst()])
model.fit(x, y, epochs=2, verbose=0)
# %% class weights and sample weights
model = keras.Sequential([keras.Input((8,)), layers.Dense(4, activation="relu"), layers.Dense(2, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
labels = (y[:, 0] > 0).astype(int)
model.fit(x, labels, class_weight={0: 1.0, 1: 3.0}, verbose=0)
model.fit(x, labels, sample_weight=np.where(labels == 1, 2.0, 0.0), verbose=0)
# %% two outputs with loss weights
inputs = keras.Input((8,))
h = layers.Dense(8, activation="relu")(inputs)
model = keras.Model(inputs, {"a": layers.Dense(1, name="a")(h), "b": layers.Dense(1, activation="sigmoid", name="b")(h)})
model.compile("sgd", {"a": "mse", "b": "binary_crossentropy"}, loss_weights={"a": 1.0, "b": 0.3})
model.fit(x, {"a": y, "b": (y > 0).astype("float32")}, verbose=0)
# %% data generator
class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 4
    def __getitem__(self, i):
        return x[i * 16:i * 16 + 16], y[i * 16:i * 16 + 16]
model = plain()
model.compile("rmsprop", "mae")
model.fit(Batches(), epochs=2, verbose=0)
# %% conv net with batch normalization and dropout
pictures, labels = rng.uniform(size=(32, 12, 12, 1)).astype("float32"), rng.integers(0, 4, 32)
model = keras.Sequential([
    keras.Input((12, 12, 1)), layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.SpatialDropout2D(0.1), layers.Conv2D(8, 3, activation="relu"),
    layers.GlobalMaxPooling2D(), layers.Dropout(0.3), layers.Dense(4, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(pictures, labels, epochs=1, batch_size=16, verbose=0)
# %% residual network, functional
def block(x, filters):
    short = x if x.shape[-1] == filters else layers.Conv2D(filters, 1)(x)
    x = layers.Activation("relu")(layers.GroupNormalization(2)(layers.Conv2D(filters, 3, padding="same")(x)))
    return layers.Add()([layers.Conv2D(filters, 3, padding="same")(x), short])
inputs = keras.Input((12, 12, 1))
model = keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling2D()(block(block(inputs, 4), 8))))
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
pictures, labels = rng.uniform(size=(32, 12, 12, 1)).astype("float32"), rng.integers(0, 4, 32)
model.fit(pictures, labels, verbose=0)
# %% autoencoder, denoising
noisy = x + 0.1 * rng.normal(size=x.shape).astype("float32")
model = keras.Sequential([keras.Input((8,)), layers.GaussianNoise(0.1), layers.Dense(3, activation="relu"), layers.Dense(8)])
model.compile("sgd", "mse")
model.fit(noisy, x, epochs=2, verbose=0)
# %% evaluate, predict, save and load
import tempfile, os
model = plain()
model.compile("adam", "mse")
model.fit(x, y, verbose=0)
path = os.path.join(tempfile.mkdtemp(), "model.keras")
model.save(path)
again = keras.models.load_model(path)
assert np.allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)
again.fit(x, y, verbose=0)
# %% subclassed model with a list and a dict of layers
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(8, activation="gelu") for _ in range(3)]
        self.heads = {"out": layers.Dense(1)}
        self.extra = keras.Sequential([layers.Dense(8), layers.LayerNormalization()])
    def call(self, x, training=False):
        for block in self.blocks:
            x = x + block(x)
        return self.heads["out"](self.extra(x))
model = Net()
model.compile("sgd", "mse")
model.fit(x, y, epochs=2, verbose=0)
