"""The stable form of a formula has the same values, and finite ones and gradients where the formula has none."""

from __future__ import annotations

import keras
import libcst as cst
import numpy as np
import pytest
import tensorflow as tf

from gradmagic.fixes.code import parse
from gradmagic.fixes.formulas import Formulas, Stable
from gradmagic.fixes.names import Names

IMPORTS = "import numpy as np\nimport tensorflow as tf\nimport keras\nfrom keras import ops\n"
KNOWN = [
    ("tf.math.log(tf.cosh(x))", "x + tf.math.softplus(-2.0 * x) - np.log(2.0)"),
    ("ops.log(ops.cosh(x - y))", "(x - y) + ops.softplus(-2.0 * (x - y)) - np.log(2.0)"),
    ("tf.math.log((tf.exp(x) + tf.exp(-x)) / 2.0)", "x + tf.math.softplus(-2.0 * x) - np.log(2.0)"),
    ("tf.sinh(x) / tf.cosh(x)", "tf.tanh(x)"),
    ("(tf.exp(x) - tf.exp(-x)) / (tf.exp(x) + tf.exp(-x))", "tf.tanh(x)"),
    ("(tf.exp(-x) - tf.exp(x)) / (tf.exp(x) + tf.exp(-x))", "tf.tanh(-x)"),
    ("(tf.exp(2.0 * x) - 1.0) / (tf.exp(2.0 * x) + 1.0)", "tf.tanh(x)"),
    ("(1 - tf.exp(-2.0 * x)) / (1 + tf.exp(-2.0 * x))", "tf.tanh(x)"),
    ("(1 - tf.exp(-x)) / (1 + tf.exp(-x))", "tf.tanh(0.5 * x)"),
    ("1 / (1 + tf.exp(-x))", "tf.sigmoid(x)"),
    ("tf.divide(1.0, tf.add(1.0, tf.exp(tf.negative(x))))", "tf.sigmoid(x)"),
    ("tf.math.reciprocal(1.0 + tf.exp(-x))", "tf.sigmoid(x)"),
    ("1.0 / (ops.exp((x - 1.0) / 0.5) + 1.0)", "ops.sigmoid(-((x - 1.0) / 0.5))"),
    ("1.0 / (1.0 + tf.exp(-x / 0.1))", "tf.sigmoid(x / 0.1)"),
    ("x / (1.0 + tf.exp(-x))", "x * tf.sigmoid(x)"),
    ("tf.exp(x) / (1.0 + tf.exp(x))", "tf.sigmoid(x)"),
    ("tf.exp(x) / (tf.exp(x) + tf.exp(y))", "tf.sigmoid(x - y)"),
    ("tf.exp(y) / (tf.exp(x) + tf.exp(y))", "tf.sigmoid(y - x)"),
    ("tf.exp(x) / tf.exp(y)", "tf.exp(x - y)"),
    ("tf.math.log(tf.exp(x) + 1.0)", "tf.math.softplus(x)"),
    ("tf.math.log1p(tf.exp(-x))", "tf.math.softplus(-x)"),
    ("tf.math.log(tf.exp(x) + tf.exp(y))", "x + tf.math.softplus(y - x)"),
    ("tf.math.log(tf.exp(x + 900.0) - 1.0)", "x + 900.0 + tf.math.log(-tf.math.expm1(-(x + 900.0)))"),
    ("ops.log(ops.sum(ops.exp(x), axis=-1, keepdims=True))", "ops.logsumexp(x, axis=-1, keepdims=True)"),
    ("tf.math.log(tf.reduce_mean(tf.exp(x)))", "tf.reduce_logsumexp(x) - tf.math.log(tf.cast(tf.size(x), x.dtype))"),
    ("tf.math.log(1.0 - tf.sigmoid(x))", "-tf.math.softplus(x)"),
    ("tf.math.log(tf.nn.sigmoid(x))", "tf.math.log_sigmoid(x)"),
    ("tf.math.log(1.0 / (1.0 + tf.exp(-x)))", "tf.math.log_sigmoid(x)"),
    ("tf.math.log(1.0 - tf.tanh(x) ** 2)", "-2.0 * (x + tf.math.softplus(-2.0 * x) - np.log(2.0))"),
    ("tf.math.log(1.0 - tf.square(tf.tanh(x)))", "-2.0 * (x + tf.math.softplus(-2.0 * x) - np.log(2.0))"),
]
OTHERS = [
    "tf.math.log(1.0 + x)",
    "tf.math.log(2.0 + tf.exp(x))",
    "1.0 / (2.0 + tf.exp(-x))",
    "1.0 / (1.0 - tf.exp(-x))",
    "tf.sinh(x) / tf.cosh(y)",
    "(tf.exp(x) - tf.exp(-x)) / (tf.exp(y) + tf.exp(-y))",
    "(tf.exp(x) - tf.exp(-y)) / (tf.exp(x) + tf.exp(-y))",
    "(tf.exp(x) - 1.0) / (tf.exp(y) + 1.0)",
    "tf.math.log((tf.exp(x) + tf.exp(-x)) / 3.0)",
    "1.0 / (1.0 + np.exp(-1.5))",
    "1.0 / (1.0 + exp(-x))",
    "tf.math.log(1.0 - self.sigmoid(x))",
    "tf.math.log(1.0 - tf.tanh(x))",
    "tf.math.log(tf.reduce_mean(tf.exp(x), axis=0))",
    "tf.math.log(tf.cosh(x) + 1.0)",
]


def stable(text: str) -> Stable | None:
    code = parse("current", f"{IMPORTS}{text}\n")
    assert code is not None
    line = code.module.body[-1]
    assert isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Expr)
    return Formulas(code, Names((code,)), code.module).stable(line.body[0].value)


@pytest.mark.parametrize(("text", "wanted"), KNOWN)
def test_it_is_the_same_function(text: str, wanted: str) -> None:
    found = stable(text)
    assert found is not None and found.text == wanted
    names = {"tf": tf, "np": np, "keras": keras, "ops": keras.ops, "y": tf.constant([0.5, 0.25, -1.0, 2.0])}
    near, far = tf.constant([-2.5, -0.5, 0.7, 3.0]), tf.constant([-300.0, -100.0, 100.0, 300.0])
    if "900" in text:
        near = near - 897.0
    np.testing.assert_allclose(eval(wanted, {**names, "x": near}), eval(text, {**names, "x": near}), rtol=2e-4, atol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(far)
        value = eval(wanted, {**names, "x": far})
    if "tf.exp(x)" not in wanted and wanted != "tf.exp(x - y)":
        assert np.isfinite(value).all() and np.isfinite(tape.gradient(value, far)).all()


@pytest.mark.parametrize("text", OTHERS)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert stable(text) is None
