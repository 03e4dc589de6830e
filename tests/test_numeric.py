"""Gradients against the truth: wrong custom gradients are found and named, right and deliberate ones raise no error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradmagic.capture.slopes import slope
from tests.custom_gradients import asking_cell

# name: (inputs, forward, gradients); `x`, `y` are the inputs and `dy` what comes from above.
RIGHT = {
    "square": ("x = vector", "x ** 2", "2.0 * x * dy"),
    "cube": ("x = vector", "x ** 3", "3.0 * x ** 2 * dy"),
    "exp": ("x = vector", "tf.exp(x)", "tf.exp(x) * dy"),
    "log": ("x = positive", "tf.math.log(x)", "dy / x"),
    "sqrt": ("x = positive", "tf.sqrt(x)", "0.5 * dy / tf.sqrt(x)"),
    "tanh": ("x = vector", "tf.tanh(x)", "dy * (1.0 - tf.tanh(x) ** 2)"),
    "sigmoid": ("x = vector", "tf.sigmoid(x)", "dy * tf.sigmoid(x) * (1.0 - tf.sigmoid(x))"),
    "sin": ("x = vector", "tf.sin(x)", "dy * tf.cos(x)"),
    "swish": ("x = vector", "x * tf.sigmoid(x)", "dy * (tf.sigmoid(x) + x * tf.sigmoid(x) * (1.0 - tf.sigmoid(x)))"),
    "softplus": ("x = vector", "tf.math.softplus(x)", "dy * tf.sigmoid(x)"),
    "log1pexp": ("x = vector", "tf.math.log(1.0 + tf.exp(x))", "dy * (1.0 - 1.0 / (1.0 + tf.exp(x)))"),
    "reciprocal": ("x = positive", "1.0 / x", "-dy / x ** 2"),
    "norm": ("x = positive", "tf.norm(x)", "dy * x / tf.norm(x)"),
    "sum": ("x = matrix", "tf.reduce_sum(x)", "dy * tf.ones_like(x)"),
    "mean": ("x = matrix", "tf.reduce_mean(x)", "dy * tf.ones_like(x) / 6.0"),
    "rowsum": ("x = matrix", "tf.reduce_sum(x, axis=1)", "tf.repeat(dy[:, None], 3, axis=1)"),
    "transpose": ("x = matrix", "tf.transpose(x)", "tf.transpose(dy)"),
    "reshape": ("x = matrix", "tf.reshape(x, (6,))", "tf.reshape(dy, (2, 3))"),
    "product": ("x, y = vector, positive", "x * y", "(dy * y, dy * x)"),
    "quotient": ("x, y = vector, positive", "x / y", "(dy / y, -dy * x / y ** 2)"),
    "difference": ("x, y = vector, positive", "x - y", "(dy, -dy)"),
    "power": ("x, y = positive, vector", "x ** y", "(dy * y * x ** (y - 1.0), dy * tf.math.log(x) * x ** y)"),
    "bias": ("x, y = matrix, vector", "x + y", "(dy, tf.reduce_sum(dy, axis=0))"),
    "gain": ("x, y = matrix, vector", "x * y", "(dy * y, tf.reduce_sum(dy * x, axis=0))"),
    "scalar": ("x, y = matrix, scalar", "x * y", "(dy * y, tf.reduce_sum(dy * x))"),
    "column": ("x, y = matrix, tf.constant([[1.0], [2.0]])", "x * y", "(dy * y, tf.reduce_sum(dy * x, axis=1, keepdims=True))"),
    "matmul": ("x, y = matrix, tf.transpose(matrix)", "x @ y", "(dy @ tf.transpose(y), tf.transpose(x) @ dy)"),
    "square matmul": ("x, y = square, square + 1.0", "x @ y", "(dy @ tf.transpose(y), tf.transpose(x) @ dy)"),
    "trace": ("x = square", "tf.linalg.trace(x)", "dy * tf.eye(2)"),
    "inverse": ("x = square", "tf.linalg.inv(x)", "-tf.transpose(tf.linalg.inv(x)) @ dy @ tf.transpose(tf.linalg.inv(x))"),
    "logdet": ("x = square @ tf.transpose(square)", "tf.linalg.logdet(x)", "dy * tf.transpose(tf.linalg.inv(x))"),
    "softmax": ("x = vector", "tf.nn.softmax(x)", "(dy - tf.reduce_sum(dy * tf.nn.softmax(x))) * tf.nn.softmax(x)"),
    "logsumexp": ("x = vector", "tf.reduce_logsumexp(x)", "dy * tf.nn.softmax(x)"),
    "max": ("x = vector", "tf.reduce_max(x)", "dy * tf.cast(x == tf.reduce_max(x), tf.float32)"),
    "relu away from 0": ("x = vector", "tf.nn.relu(x)", "dy * tf.cast(x > 0, tf.float32)"),
    "relu at 0": ("x = tf.constant([0.0, 1.0, -1.0])", "tf.nn.relu(x)", "dy * tf.cast(x > 0, tf.float32)"),
    "abs at 0": ("x = tf.constant([0.0, 1.0, -1.0])", "tf.abs(x)", "dy * tf.sign(x)"),
    "concat": ("x, y = vector, positive", "tf.concat([x, y], 0)", "(dy[:3], dy[3:])"),
    "gather": ("x = vector", "tf.gather(x, [0, 0, 2])", "tf.stack([dy[0] + dy[1], 0.0, dy[2]])"),
    "large": ("x = vector * 1e4", "x ** 2", "2.0 * x * dy"),
}
WRONG = {
    "factor missing": ("x = vector", "x ** 2", "x * dy"),
    "factor too many": ("x = vector", "tf.sin(x)", "2.0 * tf.cos(x) * dy"),
    "half": ("x = vector", "x ** 3", "1.5 * x ** 2 * dy"),
    "batch size forgotten": ("x = matrix", "tf.reduce_mean(x)", "dy * tf.ones_like(x)"),
    "batch size twice": ("x = matrix", "tf.reduce_mean(x ** 2)", "dy * 2.0 * x / 36.0"),
    "one percent": ("x = vector", "tf.exp(x)", "1.01 * tf.exp(x) * dy"),
    "no chain rule": ("x = vector", "tf.tanh(2.0 * x)", "dy * (1.0 - tf.tanh(2.0 * x) ** 2)"),
    "dy forgotten": ("x = vector", "x ** 2", "2.0 * x"),
    "sign": ("x = vector", "x ** 2", "-2.0 * x * dy"),
    "sign of cos": ("x = vector", "tf.cos(x)", "tf.sin(x) * dy"),
    "sign of reciprocal": ("x = positive", "1.0 / x", "dy / x ** 2"),
    "sign of the second": ("x, y = vector, positive", "x - y", "(dy, dy)"),
    "sign in quotient": ("x, y = vector, positive", "x / y", "(dy / y, dy * x / y ** 2)"),
    "sign of log": ("x = positive", "-tf.math.log(x)", "dy / x"),
    "transposed": ("x = square", "x @ tf.constant([[1.0, 2.0], [3.0, 4.0]])", "tf.transpose(dy @ tf.transpose(tf.constant([[1.0, 2.0], [3.0, 4.0]])))"),
    "transposed inverse": ("x = square", "tf.linalg.inv(x)", "-tf.linalg.inv(x) @ dy @ tf.linalg.inv(x)"),
    "no transpose in matmul": ("x, y = square, square + 1.0", "x @ y", "(dy @ y, tf.transpose(x) @ dy)"),
    "matmul the wrong way round": ("x, y = square, square + 1.0", "x @ y", "(tf.transpose(y) @ dy, dy @ tf.transpose(x))"),
    "transposed shape": ("x = matrix", "tf.transpose(x)", "dy"),
    "transposed logdet": ("x = square", "tf.reduce_sum(tf.linalg.inv(x))", "-tf.linalg.inv(x) @ tf.ones((2, 2)) @ tf.linalg.inv(x) * dy"),
    "bias not summed": ("x, y = matrix, vector", "x + y", "(dy, dy)"),
    "gain not summed": ("x, y = matrix, vector", "x * y", "(dy * y, dy * x)"),
    "scalar not summed": ("x, y = matrix, scalar", "x * y", "(dy * y, dy * x)"),
    "column not summed": ("x, y = matrix, tf.constant([[1.0], [2.0]])", "x * y", "(dy * y, dy * x)"),
    "mean in place of sum": ("x, y = matrix, vector", "x + y", "(dy, tf.reduce_mean(dy, axis=0))"),
    "summed over the wrong axis": ("x, y = square, tf.constant([1.0, 2.0])", "x * y", "(dy * y, tf.reduce_sum(dy * x, axis=1))"),
    "order": ("x, y = vector, positive", "x * y", "(dy * x, dy * y)"),
    "order of quotient": ("x, y = vector, positive", "x / y", "(-dy * x / y ** 2, dy / y)"),
    "order of power": ("x, y = positive, vector", "x ** y", "(dy * tf.math.log(x) * x ** y, dy * y * x ** (y - 1.0))"),
    "order of difference": ("x, y = vector, positive", "x - y", "(-dy, dy)"),
    "order of slices": ("x, y = vector, positive", "tf.concat([x, 2.0 * y], 0)", "(dy[3:], dy[:3])"),
    "dtype": ("x = vector", "x ** 2", "tf.cast(2.0 * x * dy, tf.float64)"),
    "dtype half": ("x = vector", "tf.exp(x)", "tf.cast(tf.exp(x) * dy, tf.float16)"),
    "rounded through an integer": ("x = vector", "x ** 2", "tf.cast(tf.cast(2.0 * x, tf.int32), tf.float32) * dy"),
    "stale value": ("x = vector", "x * current", "dy * first"),
    "stale square": ("x = vector", "x * current ** 2", "dy * first ** 2"),
    "value of another point": ("x = vector", "tf.tanh(x)", "dy * (1.0 - tf.tanh(x + 0.1) ** 2)"),
    "softmax as if elementwise": ("x = vector", "tf.nn.softmax(x)", "dy * tf.nn.softmax(x) * (1.0 - tf.nn.softmax(x))"),
    "sigmoid of the result": ("x = vector", "tf.sigmoid(x)", "dy * x * (1.0 - x)"),
    "norm without division": ("x = positive", "tf.norm(x)", "dy * x"),
}
MEANT = {
    "straight-through round": ("x = vector", "tf.round(x)", "dy"),
    "straight-through sign": ("x = vector", "tf.sign(x)", "dy"),
    "straight-through floor": ("x = vector * 3.0", "tf.floor(x)", "dy"),
    "straight-through step": ("x = vector", "tf.cast(x > 0, tf.float32)", "dy"),
    "straight-through clipped": ("x = vector", "tf.sign(x)", "dy * tf.cast(tf.abs(x) <= 1.0, tf.float32)"),
    "surrogate of a spike": ("x = vector", "tf.cast(x > 0.2, tf.float32)", "dy / (1.0 + 10.0 * tf.abs(x)) ** 2"),
    "quantised": ("x = vector", "tf.round(x * 4.0) / 4.0", "dy"),
    "fixed point": ("x = vector", "tf.math.floor(x * 8.0) * 0.125", "dy"),
    "quantised and clipped": ("x = vector", "tf.clip_by_value(tf.round(x), -1.0, 1.0)", "dy"),
    "hard one-hot": ("x = vector", "tf.one_hot(tf.argmax(x), 3)", "dy * tf.nn.softmax(x)"),
    "reversal": ("x = vector", "tf.identity(x)", "-dy"),
    "reversal with a factor": ("x = vector", "tf.identity(x)", "-0.3 * dy"),
    "reversal of a matrix": ("x = matrix", "x + 0.0", "-dy"),
    "clipping": ("x = vector", "tf.identity(x)", "tf.clip_by_value(dy, -0.6, 0.6)"),
    "clipping by norm": ("x = vector", "tf.identity(x)", "tf.clip_by_norm(dy, 0.5)"),
    "scaling": ("x = vector", "tf.identity(x)", "0.1 * dy"),
    "stopping": ("x = vector", "tf.identity(x)", "tf.zeros_like(dy)"),
    "normalising": ("x = vector", "tf.identity(x)", "dy / (tf.norm(dy) + 1e-6)"),
    "clipped derivative": ("x = vector", "tf.exp(2.0 * x)", "tf.clip_by_value(2.0 * tf.exp(2.0 * x) * dy, -1.5, 1.5)"),
    "masking": ("x = vector", "tf.identity(x)", "dy * tf.constant([1.0, 0.0, 1.0])"),
}
SETUP = """
import tensorflow as tf
vector, positive = tf.constant([0.7, -1.3, 0.4]), tf.constant([1.5, 0.6, 2.2])
matrix, square = tf.constant([[0.2, -0.7, 1.1], [0.9, 0.3, -0.4]]), tf.constant([[1.3, 0.4], [-0.2, 0.8]])
scalar = tf.constant(1.7)
current, first = tf.constant(2.0), 1.5
"""


def _errors(notebook: Any, case: tuple[str, str, str]) -> list[Any]:
    notebook.run(SETUP)
    report = notebook.check(asking_cell(*case), "--numeric")
    assert not [f for f in report.failures if "check the custom gradient" in f], report.failures
    return [f for f in report.findings if f.rule.startswith(("wrong/", "error/")) and f.severity == "error"]


def test_there_are_as_many_as_asked_for() -> None:
    assert (len(WRONG), len(RIGHT), len(MEANT)) == (40, 40, 20)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_custom_gradient_is_found(notebook: Any, name: str) -> None:
    found = _errors(notebook, WRONG[name])
    assert [f.rule for f in found] and {f.rule for f in found} <= {"wrong/custom-gradient-mismatch", "error/gradient-shape-mismatch", "error/unexplained"}
    assert "wrong/custom-gradient-mismatch" in [f.rule for f in found]
    assert any("`f`" in f.message for f in found)


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_custom_gradient_raises_no_error(notebook: Any, name: str) -> None:
    assert _errors(notebook, RIGHT[name]) == []


@pytest.mark.parametrize("name", MEANT)
def test_a_deliberate_one_raises_no_error(notebook: Any, name: str) -> None:
    assert _errors(notebook, MEANT[name]) == []


def test_what_is_wrong_is_named(notebook: Any) -> None:
    for name, words in {"half": "0.5 times", "transposed": "transposed", "bias not summed": "sum over the first axis is missing", "order": "another input", "dtype": "dtype float64"}.items():
        found = next(f for f in _errors(notebook, WRONG[name]) if f.rule == "wrong/custom-gradient-mismatch")
        assert words in found.message + found.body, name


HEALTHY = {
    "dense": "net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(4, activation='tanh'), tf.keras.layers.Dense(1)])\nx = tf.random.normal((8, 3))\n"
    "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ngrads = tape.gradient(loss, net.trainable_variables)",
    "relu layers": "net = tf.keras.Sequential([tf.keras.Input((3,)), *[tf.keras.layers.Dense(16, activation='relu') for _ in range(8)], tf.keras.layers.Dense(1)])\nx = tf.random.normal((32, 3))\n"
    "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x) ** 2)\ngrads = tape.gradient(loss, net.trainable_variables)",
    "dropout": "net = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(6), tf.keras.layers.Dropout(0.5), tf.keras.layers.Dense(1)])\nx = tf.random.normal((8, 3))\n"
    "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x, training=True) ** 2)\ngrads = tape.gradient(loss, net.trainable_variables)",
    "convolution and normalisation": "net = tf.keras.Sequential([tf.keras.Input((6, 6, 1)), tf.keras.layers.Conv2D(2, 3), tf.keras.layers.BatchNormalization(), tf.keras.layers.MaxPooling2D(), "
    "tf.keras.layers.Flatten(), tf.keras.layers.Dense(1)])\nx = tf.random.normal((4, 6, 6, 1))\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x, training=True) ** 2)\n"
    "grads = tape.gradient(loss, net.trainable_variables)",
    "embedding": "net = tf.keras.Sequential([tf.keras.layers.Embedding(10, 4), tf.keras.layers.GlobalAveragePooling1D(), tf.keras.layers.Dense(2)])\nx = tf.constant([[1, 2], [3, 3]])\n"
    "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1], net(x)))\ngrads = tape.gradient(loss, net.trainable_variables)",
    "attention": "layer = tf.keras.layers.MultiHeadAttention(2, 4)\nx = tf.random.normal((2, 5, 8))\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(layer(x, x) ** 2)\n"
    "grads = tape.gradient(loss, layer.trainable_variables)",
    "stop gradient": "a, b = tf.Variable(1.5), tf.Variable(2.5)\nwith tf.GradientTape() as tape:\n    loss = a * tf.stop_gradient(a * b) + b\ngrads = tape.gradient(loss, [a, b])",
    "straight-through by hand": "w = tf.Variable([0.3, 1.2])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum((w + tf.stop_gradient(tf.round(w) - w)) ** 2)\ngrad = tape.gradient(loss, w)",
    "second order": "w = tf.Variable([0.3, 1.2])\nwith tf.GradientTape() as outer:\n    with tf.GradientTape() as inner:\n        y = tf.reduce_sum(w ** 3)\n    g = inner.gradient(y, w)\n"
    "    loss = tf.reduce_sum(g ** 2)\nh = outer.gradient(loss, w)",
    "noise of the cell": "w = tf.Variable([0.3, 1.2])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w * tf.random.normal((2,))) + tf.reduce_sum(w ** 2)\ngrad = tape.gradient(loss, w)",
    "half precision": "w = tf.Variable([0.3, 1.2])\nwith tf.GradientTape() as tape:\n    loss = tf.cast(tf.reduce_sum(tf.cast(w, tf.float16) ** 2), tf.float32)\ngrad = tape.gradient(loss, w)",
    "kinks": "w = tf.Variable([0.0, 0.0, 1.0])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.nn.relu(w)) + tf.reduce_sum(tf.abs(w)) + tf.reduce_max(w)\ngrad = tape.gradient(loss, w)",
    "jump": "w = tf.Variable([0.5, 2.0])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w * tf.cast(w >= 0.5, tf.float32))\ngrad = tape.gradient(loss, w)",
    "large and small": "w = tf.Variable([1e6, 1e-6])\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w ** 2) + 1e8\ngrad = tape.gradient(loss, w)",
    "equal numbers": "a, b = tf.Variable(2.0), tf.Variable(2.0)\nwith tf.GradientTape() as tape:\n    loss = a ** 2.0 * b + 2.0 * a\ngrads = tape.gradient(loss, [a, b])",
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_gradient_is_not_called_wrong(notebook: Any, name: str) -> None:
    notebook.run("import tensorflow as tf")
    report = notebook.check(HEALTHY[name], "--numeric 2")
    assert [f.rule for f in report.findings if f.rule.startswith("wrong/") and f.rule != "wrong/nonsmooth-point"] == []
    assert [f.severity for f in report.findings if f.rule == "wrong/nonsmooth-point"] in ([], ["note"])
    assert not [f for f in report.failures if "compare a gradient" in f], report.failures


def test_comparisons_are_made(notebook: Any) -> None:
    notebook.run("import tensorflow as tf")
    for name in ("dense", "dropout", "embedding", "stop gradient", "relu layers"):
        report = notebook.check(HEALTHY[name], "--numeric 2")
        assert report.summary.endswith("and agree with numerical derivatives."), (name, report.summary, report.failures)


@pytest.mark.parametrize("persistent", ["persistent=True", "persistent=False"])
def test_jacobians_are_compared(notebook: Any, persistent: str) -> None:
    notebook.run("import tensorflow as tf\nx, y = tf.Variable([1.0, 2.0, 3.0]), tf.Variable([[0.5, -1.0, 2.0], [1.0, 1.0, 0.3]])")
    asked = f"with tf.GradientTape({persistent}) as tape:\n    out = tf.stack([tf.reduce_sum(x ** 2 * y[0]), tf.reduce_sum(tf.sin(x) * y[1])])\njac = tape.jacobian(out, [x, y])"
    report = notebook.check(asked, "--numeric")
    assert report.summary == "All 2 gradients are there, finite and not zero, and agree with numerical derivatives.", report.failures
    wrong = "@tf.custom_gradient\ndef f(a):\n    return a ** 3, lambda dy: 2.0 * a ** 2 * dy\nwith tf.GradientTape() as tape:\n    out = f(x)\njac = tape.jacobian(out, x)"
    found = [f for f in notebook.check(wrong, "--numeric").findings if f.severity == "error"]
    assert [f.rule for f in found] == ["wrong/custom-gradient-mismatch"]
    for out in ("y ** 2", "(y * tf.reduce_mean(y, axis=0)) ** 2"):
        # Also where the rows depend on each other: what TensorFlow yields then is the derivative of their sum.
        rows = notebook.check(f"with tf.GradientTape() as tape:\n    out = {out}\njac = tape.batch_jacobian(target=out, source=y)", "--numeric")
        assert rows.summary == "The gradient is there, finite and not zero, and agrees with the numerical derivative.", rows.failures


def test_a_kink_and_a_jump_are_notes(notebook: Any) -> None:
    notebook.run("import tensorflow as tf")
    for name, word in (("kinks", "kink"), ("jump", "jump")):
        found = [f for f in notebook.check(HEALTHY[name], "--numeric").findings if f.rule == "wrong/nonsmooth-point"]
        assert [f.severity for f in found] == ["note"] and word in found[0].message


def test_what_is_not_recorded_stays(notebook: Any) -> None:
    notebook.run("import tensorflow as tf\nw, v = tf.Variable([0.3, 1.2]), tf.constant([2.0, 3.0])")
    for cell in (
        "goal = 2.0 * w\nwith tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w * goal)\ngrad = tape.gradient(loss, w)",
        "with tf.GradientTape() as tape:\n    a = 2.0 * w\n    with tape.stop_recording():\n        b = w * 3.0\n    loss = tf.reduce_sum(a * b)\ngrad = tape.gradient(loss, w)",
        "with tf.GradientTape() as tape:\n    u = v * 3.0\n    tape.watch(v)\n    loss = tf.reduce_sum(v * u)\ngrad = tape.gradient(loss, v)",
        "with tf.GradientTape() as tape:\n    a = w ** 2\ngrad = tape.gradient(a, w, output_gradients=tf.constant([1.0, -2.0]))",
        "with tf.GradientTape() as tape:\n    action = tf.random.categorical(tf.stack([w]), 5)\n    loss = tf.reduce_sum(tf.gather(tf.nn.log_softmax(w), action[0]))\ngrad = tape.gradient(loss, w)",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.abs(tf.signal.fft(tf.cast(w, tf.complex64))) ** 2)\ngrad = tape.gradient(loss, w)",
    ):
        report = notebook.check(cell, "--numeric")
        assert report.summary.endswith("and agrees with the numerical derivative."), (cell, report.summary, report.failures)


def test_the_cell_runs_as_without(notebook: Any) -> None:
    found = []
    for line in ("", "--numeric"):
        notebook.run("import random, numpy as np, tensorflow as tf, keras\nkeras.utils.set_random_seed(3)\nfrom tensorflow.python.eager import context\ncontext.context().clear_kernel_cache()")
        notebook.check(HEALTHY["dropout"], line)
        found.append(notebook.run("[g.numpy().tolist() for g in grads], tf.random.normal((2,)).numpy().tolist(), np.random.rand(), random.random()").result)
    assert found[0] == found[1]


# What makes other checkers err: steps of one size, values far from 1, rounding, curvature, a point on a kink, a derivative that is zero.
FUNCTIONS: dict[str, tuple[Callable[[float], float], float, str]] = {
    "smooth": (np.sin, 1.0, "agrees"),
    "wrong by a percent": (np.sin, 1.01, "differs"),
    "wrong sign": (np.sin, -1.0, "differs"),
    "high curvature": (lambda t: float(np.sin(1e3 * t)), 1e3, "agrees"),
    "high curvature, wrong": (lambda t: float(np.sin(1e3 * t)), 2e3, "differs"),
    "large offset": (lambda t: 1e9 + t, 1.0, "agrees"),
    "lost in rounding": (lambda t: float(np.float32(1e9 + t)), 1.0, "rounding"),
    "kink": (abs, 0.5, "kink"),
    "relu at 0": (lambda t: max(t, 0.0), 0.0, "kink"),
    "relu at 0, middle": (lambda t: max(t, 0.0), 0.5, "agrees"),
    "jump": (lambda t: float(t >= 0), 0.0, "jump"),
    "flat": (lambda t: 3.0, 0.0, "agrees"),
    "flat, wrong": (lambda t: 3.0, 1.0, "differs"),
    "tiny": (lambda t: 1e-12 * t, 1e-12, "agrees"),
    "tiny, wrong": (lambda t: 1e-12 * t, 2e-12, "differs"),
    "not finite": (lambda t: float("nan") if t else 0.0, 1.0, "not finite"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_slopes(name: str) -> None:
    function, analytic, verdict = FUNCTIONS[name]
    dtype = "float32" if name == "lost in rounding" else "float64"
    assert slope(lambda t: float(function(t)), analytic, dtype).verdict == verdict
