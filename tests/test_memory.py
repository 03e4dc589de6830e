"""What a check leaves behind: nothing of the cell's but its report."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import gradmagic

SETUP = "import numpy as np, tensorflow as tf, keras\nx = np.ones((4, 3), 'float32')\nother = tf.Variable(1.0)"
CELLS = {
    "compiled": "net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n@tf.function\ndef step(a):\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(net(a) ** 2)\n"
    "    return tape.gradient(loss, net.trainable_variables)\ng = step(x)\ngraph = step.get_concrete_function(x).graph",
    "compiled and bad": "net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n@tf.function\ndef step(a):\n    with tf.GradientTape() as tape:\n"
    "        loss = tf.reduce_sum(tf.where(net(a) > 9.0, tf.math.log(tf.nn.relu(net(a) - 9.0)), 0.0))\n    return tape.gradient(loss, net.trainable_variables)\n"
    "g = step(x)\ngraph = step.get_concrete_function(x).graph",
    "eager": "net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\nfor _ in range(3):\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(net(x) ** 2)\n"
    "    g = tape.gradient(loss, net.trainable_variables)\ngraph = tape",
}


@pytest.mark.parametrize("name", CELLS)
def test_what_a_cell_made_dies_with_its_names(name: str, notebook: Any) -> None:
    notebook.run(SETUP)
    first = notebook.check(CELLS[name], "--quiet")
    assert notebook.result.success and first.calls
    held = {what: weakref.ref(notebook.shell.user_ns[what]) for what in ("net", "graph")}
    notebook.run("for name in ('net', 'graph', 'step', 'g', 'tape', 'loss'):\n    globals().pop(name, None)\nkeras.backend.clear_session()")
    notebook.check("with tf.GradientTape() as tape:\n    y = other * other\nd = tape.gradient(y, other)", "--quiet")
    notebook.result = None
    gc.collect()
    gc.collect()
    assert {what: ref() is not None for what, ref in held.items()} == {"net": False, "graph": False}
    assert gradmagic.last_report() is not first
