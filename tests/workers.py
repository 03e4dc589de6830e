"""One of several workers of a `MultiWorkerMirroredStrategy`: `TF_CONFIG=… python -m tests.workers`. Prints one line of JSON per checked cell: its report."""

from __future__ import annotations

import contextlib
import io
import json
import os

SETUP = """
import keras
import numpy as np
import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()
x = np.arange(24, dtype="float32").reshape(8, 3) / 24
y = np.arange(8, dtype="float32").reshape(8, 1) / 8
data = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((x, y)).batch(4))
with strategy.scope():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh", name="hidden"), keras.layers.Dense(1, name="out")])
    optimizer = keras.optimizers.SGD(0.1)
"""

CELLS = {
    "loop": """
@tf.function
def train(batch):
    def step(xb, yb):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(xb) - yb) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return strategy.reduce(tf.distribute.ReduceOp.MEAN, strategy.run(step, args=batch), axis=None)

for batch in data:
    train(batch)
outcome = model.get_weights()
""",
    "cut": """
@tf.function
def train_cut(batch):
    def step(xb, yb):
        with tf.GradientTape() as tape:
            hidden = tf.stop_gradient(model.layers[0](xb))
            loss = tf.reduce_mean((model.layers[1](hidden) - yb) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss

    return strategy.run(step, args=batch)

for batch in data:
    train_cut(batch)
outcome = model.get_weights()
""",
    "eager": """
def step(batch):
    xb, yb = batch
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(xb) - yb) ** 2)
    return tape.gradient(loss, model.trainable_variables)

for batch in data:
    strategy.run(step, args=(batch,))
""",
}


def main() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    import gradmagic
    from gradmagic.render.html import to_html
    from gradmagic.render.text import to_text

    shell = InteractiveShell.instance()
    shell.run_cell("%load_ext gradmagic").raise_error()
    shell.run_cell(SETUP).raise_error()
    for name, cell in CELLS.items():
        before, sink = gradmagic.last_report(), io.StringIO()
        with contextlib.redirect_stdout(sink):
            result = shell.run_cell("%%gradcheck" + cell, store_history=True)
        report = gradmagic.last_report()
        if report is None or report is before:
            raise SystemExit(f"no report: {result.error_in_exec!r}\n{sink.getvalue()}")
        weights = [w.tolist() for w in shell.user_ns.get("outcome", ())]
        print(json.dumps({"cell": name, "raised": repr(result.error_in_exec), "report": report.to_dict(), "text": to_text(report), "html": to_html(report), "weights": weights}), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
