"""The cells that are measured, and how much each may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A cell and the one that prepares it.

    `time_limit` and `memory_limit` are the most that the checked cell may take, as multiples of the plain one; None where nothing is promised.
    `timed` names a list in the notebook to which the cell appends the seconds that count; without it the whole cell counts.
    """

    name: str
    title: str
    setup: str
    cell: str
    time_limit: float | None
    memory_limit: float | None = 1.10
    timed: str | None = None


_TINY = """\
import tensorflow as tf
x = tf.Variable(0.5)
"""

_TINY_STEP = """\
with tf.GradientTape() as tape:
    y = x
    for _ in range(100):
        y = y * 0.99
        y = y + 0.01
        y = tf.sin(y)
grads = tape.gradient(y, [x])
"""

_MLP = """\
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((64,)), *(keras.layers.Dense(64, activation="relu") for _ in range(19)), keras.layers.Dense(10)])
optimizer = keras.optimizers.SGD(1e-3)
optimizer.build(model.trainable_variables)
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
images, labels = tf.random.normal((64, 64)), tf.random.uniform((64,), 0, 10, tf.int32)
"""

_RESNET = """\
import keras
import tensorflow as tf
keras.utils.set_random_seed(0)
model = keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3), classes=10, classifier_activation=None)
optimizer = keras.optimizers.SGD(1e-3)
optimizer.build(model.trainable_variables)
loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
images, labels = tf.random.normal((8, 64, 64, 3)), tf.random.uniform((8,), 0, 10, tf.int32)
"""

_STEP = """\
with tf.GradientTape() as tape:
    loss = loss_of(labels, model(images, training=True))
grads = tape.gradient(loss, model.trainable_variables)
optimizer.apply(grads, model.trainable_variables)
"""

_FIT = """\
import time
import keras
import numpy as np
import tensorflow as tf
keras.utils.set_random_seed(0)
images = np.random.default_rng(0).normal(size=(1024, 28, 28, 1)).astype("float32")
labels = np.random.default_rng(1).integers(0, 10, size=(1024,))
model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(16, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10),
])
model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
steady = []

class Epochs(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        if epoch:
            steady.append(time.perf_counter() - self.start)
"""

_FIT_CELL = """\
history = model.fit(images, labels, epochs=6, batch_size=32, verbose=0, callbacks=[Epochs()])
"""


def _repeated(step: str, times: int) -> str:
    return f"for turn in range({times}):\n" + "".join(f"    {line}\n" for line in step.splitlines())


WORKS = (
    Work("tiny", "300 tiny eager ops", _TINY, _TINY_STEP, 2.0),
    Work("tiny-loop", "300 tiny eager ops, 20 times", _TINY, _repeated(_TINY_STEP, 20), 2.0),
    Work("mlp", "eager MLP, 20 Dense layers", _MLP, _STEP, 1.35),
    Work("mlp-loop", "eager MLP, 20 steps", _MLP, _repeated(_STEP, 20), 1.35),
    Work("resnet", "eager ResNet50", _RESNET, _STEP, 1.25),
    Work("resnet-loop", "eager ResNet50, 5 steps", _RESNET, _repeated(_STEP, 5), 1.25),
    Work("fit", "compiled fit, an epoch", _FIT, _FIT_CELL, 1.10, timed="steady"),
    Work("fit-cell", "compiled fit, the whole cell", _FIT, _FIT_CELL, None),
)
