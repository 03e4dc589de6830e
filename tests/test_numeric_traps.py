"""Where gradient checkers are known to err: each trap with a right gradient that must not be called wrong, and with a wrong one that must be found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.custom_gradients import asking_cell

SETUP = """
import numpy as np, tensorflow as tf
from tensorflow.python.framework import dtypes
"""
# name: (inputs, what stands before, forward, right gradient, wrong gradient, the inputs that are watched)
CUSTOM = {
    # A step that is too small for float32: the values are large, the differences drown in their rounding.
    "a large offset in float32": ("x = tf.constant([1.0, 2.0])", "pass", "x ** 2 + 1e7", "2.0 * x * dy", "x * dy", "x"),
    "an op that only knows float32": (
        "x = tf.reshape(tf.range(4.0), (1, 2, 2, 1))",
        "pass",
        "tf.image.resize(x, (2, 2)) * 3.0",
        "3.0 * dy",
        "-3.0 * dy",
        "x",
    ),
    "float16": ("x = tf.constant([1.0, 2.0], tf.float16)", "pass", "x ** 2", "2.0 * x * dy", "x * dy", "x"),
    "bfloat16": ("x = tf.constant([1.0, 2.0], tf.bfloat16)", "pass", "x ** 2", "tf.cast(2.0, tf.bfloat16) * x * dy", "x * dy", "x"),
    "float64": ("x = tf.constant([1.0, 2.0], tf.float64)", "pass", "x ** 2", "2.0 * x * dy", "2.002 * x * dy", "x"),
    # Kinks: relu at 0 has two slopes, and rounding a corner must not hide a wrong slope beside it.
    "on a kink": ("x = tf.constant([0.0, 1.0])", "pass", "tf.abs(x)", "dy * tf.sign(x)", "dy * 3.0", "x"),
    "close to a kink": ("x = tf.constant([1e-5, 1.0])", "pass", "tf.nn.relu(x)", "dy * tf.cast(x > 0, tf.float32)", "dy * tf.cast(x > 0, tf.float32) * 2.0", "x"),
    # Not deterministic: every call draws anew.
    "random": ("x = tf.constant([1.0, 2.0])", "noise = tf.random.normal((2,))", "x * noise", "dy * noise", "dy * noise * 2.0", "x"),
    "a mask that is drawn": ("x = tf.ones((6,))", "mask = tf.cast(tf.random.uniform((6,)) > 0.4, tf.float32)", "x * mask * 2.0", "dy * mask * 2.0", "-dy * mask * 2.0", "x"),
    # One value in two places.
    "one tensor for two inputs": ("x = tf.constant([1.0, 2.0]); y = x", "pass", "x * y ** 2", "(dy * y ** 2, 2.0 * dy * x * y)", "(dy * y, 2.0 * dy * x * y)", "x, y"),
    "a broadcast view": ("x = tf.broadcast_to(tf.constant([[1.0, 2.0]]), (3, 2))", "pass", "x ** 2", "2.0 * x * dy", "x * dy", "x"),
    "an array that shares its memory": ("array = np.array([1.0, 2.0], np.float32); x = tf.convert_to_tensor(array)", "pass", "x ** 2", "2.0 * x * dy", "x * dy", "x"),
    "integers beside floats": ("x, n = tf.constant([1.0, 2.0]), tf.constant([2, 3])", "m = tf.cast(n, tf.float32)", "x * m", "(dy * m, None)", "(dy / m, None)", "x"),
    "an empty input": ("x, y = tf.constant([1.0, 2.0]), tf.zeros((0,))", "pass", "x * 2.0 + tf.reduce_sum(y)", "(dy * 2.0, tf.zeros((0,)))", "(dy, tf.zeros((0,)))", "x, y"),
    "large magnitudes": ("x = tf.constant([1e12, 3e12])", "pass", "x * 1e12", "dy * 1e12", "dy * 2e12", "x"),
    "small magnitudes": ("x = tf.constant([1e-12, 3e-12])", "pass", "x ** 2 * 1e20", "2e20 * x * dy", "1e20 * x * dy", "x"),
    "inputs of many sizes": ("x = tf.constant([1e-6, 1.0, 1e6])", "pass", "tf.sin(x * 1e-6) + x", "dy * (1.0 + 1e-6 * tf.cos(x * 1e-6))", "dy * 1.1", "x"),
    "a gradient of zero": ("x = tf.zeros((3,))", "pass", "x ** 2", "2.0 * x * dy", "dy", "x"),
    "a gradient that is nearly zero": ("x = tf.constant([1e-4, -1e-4])", "pass", "x ** 3", "3.0 * x ** 2 * dy", "-3.0 * x ** 2 * dy", "x"),
    "high curvature": ("x = tf.constant([0.3, 0.7])", "pass", "tf.sin(100.0 * x)", "100.0 * dy * tf.cos(100.0 * x)", "dy * tf.cos(100.0 * x)", "x"),
    "saturated": ("x = tf.constant([12.0, -12.0, 0.5])", "p = tf.sigmoid(x)", "p", "dy * p * (1.0 - p)", "dy * p", "x"),
    # Rows that occur twice in a sparse gradient.
    "rows twice": (
        "x = tf.constant([[1.0], [2.0]])",
        "pass",
        "tf.gather(x, [0, 0, 1])",
        "tf.IndexedSlices(dy, tf.constant([0, 0, 1]), tf.constant([2, 1]))",
        "tf.IndexedSlices(2.0 * dy, tf.constant([0, 0, 1]), tf.constant([2, 1]))",
        "x",
    ),
    "the wrong factor hides in one element": ("x = tf.linspace(0.1, 1.0, 50)", "pass", "x ** 2", "2.0 * x * dy", "2.0 * x * dy * tf.concat([tf.ones((49,)), [1.1]], 0)", "x"),
}


def _cell(name: str, *, right: bool) -> str:
    inputs, before, forward, good, bad, watched = CUSTOM[name]
    return asking_cell(inputs, forward, good if right else bad, before=before, watched=watched)


@pytest.mark.parametrize("name", CUSTOM)
def test_a_right_one_is_not_called_wrong(notebook: Any, name: str) -> None:
    notebook.run(SETUP)
    report = notebook.check(_cell(name, right=True), "--numeric")
    assert notebook.result.success and not report.failures
    assert [f.rule for f in report.findings if f.rule.startswith(("wrong/", "error/")) and f.severity != "note"] == []


@pytest.mark.parametrize("name", CUSTOM)
def test_a_wrong_one_is_found(notebook: Any, name: str) -> None:
    notebook.run(SETUP)
    report = notebook.check(_cell(name, right=False), "--numeric")
    assert notebook.result.success and not report.failures
    assert "wrong/custom-gradient-mismatch" in [f.rule for f in report.findings if f.severity == "error"]


WHOLE = {
    "complex variables": "z = tf.Variable([1.0 + 2.0j, -0.5j])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.abs(z * (2.0 + 1.0j)) ** 2) + tf.math.real(z[0] ** 2)\ngrad = tape.gradient(loss, z)",
    "complex in a graph": "z = tf.Variable([1.0 + 2.0j, -0.5j])\n@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_sum(tf.abs(tf.signal.fft(z)) ** 2)\n"
    "    return tape.gradient(loss, z)\nstep()",
    "float32 only": "w = tf.Variable(tf.ones((1, 4, 4, 1)))\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.image.resize(w, (2, 2)) ** 2)\ngrad = tape.gradient(loss, w)",
    "offset": "w = tf.Variable([1.0, 2.0])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w ** 2) + 1e7\ngrad = tape.gradient(loss, w)",
    "at the minimum": "w = tf.Variable([1.0, 1.0 + 2e-7])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum((w - 1.0) ** 2)\ngrad = tape.gradient(loss, w)",
    "tiny": "w = tf.Variable([1e-10, 2e-10])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w ** 2)\ngrad = tape.gradient(loss, w)",
    "huge": "w = tf.Variable([1e15, 2e15])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.sqrt(w)) * 1e6\ngrad = tape.gradient(loss, w)",
    "assigned in between": "w, v = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])\nwith tf.GradientTape() as tape:\n    a = tf.reduce_sum(w * v)\n    v.assign(v * 10.0)\n    loss = a + tf.reduce_sum(w * v)\ngrad = tape.gradient(loss, w)",
    "a sparse gradient": "w = tf.Variable([[1.0], [2.0], [3.0]])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.gather(w, [0, 0, 2]) ** 2)\ngrad = tape.gradient(loss, w)",
    "sorting": "w = tf.Variable([3.0, 1.0, 2.0])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.sort(w) * [1.0, 2.0, 3.0])\ngrad = tape.gradient(loss, w)",
    "an einsum": "w = tf.Variable(tf.ones((2, 3)))\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.einsum('ij,kj->ik', w, w) ** 2)\ngrad = tape.gradient(loss, w)",
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_right_gradient_of_a_cell_agrees(notebook: Any, name: str) -> None:
    notebook.run(SETUP)
    report = notebook.check(WHOLE[name], "--numeric")
    assert notebook.result.success and not report.failures
    assert [f.rule for f in report.findings if f.rule.startswith("wrong/")] == []
    assert "with the numerical derivative" in report.summary or [v.status for c in report.calls for v in c.variables] != ["ok"], report.summary
