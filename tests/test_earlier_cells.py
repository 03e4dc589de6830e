"""A step that is spread over several cells: tapes that an earlier cell opened, objects of a class that a later cell has defined anew.

Each program is a row of cells, the last of which is checked. The blamed line holds `# guilty`; the first fix holds when it is tried, and the cells then have the lines of `becomes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

IMPORTS = "import functools\nimport keras\nimport numpy as np\nimport tensorflow as tf\nkeras.utils.set_random_seed(3)\n"
LINE = """\
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
x, y = tf.random.normal((8, 3), seed=1), tf.random.normal((8, 1), seed=2)
"""
PAIR = "w = tf.Variable([1.0, 2.0])\n"


@dataclass(frozen=True)
class Program:
    rule: str
    cells: tuple[str, ...]
    becomes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ("none",)


PROGRAMS = {
    "loss-behind-the-block": Program(
        "none/outside-tape",
        (LINE, "with tf.GradientTape() as tape:\n    pred = model(x)\n", "loss = tf.reduce_mean((pred - y) ** 2)  # guilty\ngrads = tape.gradient(loss, model.trainable_variables)\n"),
        ("    loss = tf.reduce_mean((pred - y) ** 2)  # guilty",),
        ("none", "none"),
    ),
    "two-lines-in-two-cells": Program(
        "none/outside-tape",
        (
            PAIR + "with tf.GradientTape() as tape:\n    a = w ** 2\n",
            "total = tf.reduce_sum(a)\nprint(total)\n",
            "half = total / 2.0  # guilty\ngrad = tape.gradient(half, w)\n",
        ),
        ("    total = tf.reduce_sum(a)", "    half = total / 2.0  # guilty"),
    ),
    "a-second-target-of-a-persistent-tape": Program(
        "none/outside-tape",
        (PAIR + "with tf.GradientTape(persistent=True) as tape:\n    a = w ** 2\n    b = tf.sin(w)\n", "c = a * b  # guilty\ngrad = tape.gradient(c, w)\n"),
        ("    c = a * b  # guilty",),
    ),
    "a-plain-tensor": Program(
        "none/not-watched",
        ("x = tf.constant([1.0, 2.0])\nwith tf.GradientTape() as tape:  # guilty\n    y = x ** 2\n", "grad = tape.gradient(y, x)\n"),
        ("    tape.watch(x)",),
    ),
    "an-index": Program(
        "none/non-differentiable-op",
        (PAIR + "with tf.GradientTape() as tape:\n    best = tf.cast(tf.argmax(w), tf.float32) * 2.0  # guilty\n", "grad = tape.gradient(best, w)\n"),
        ("    best = tf.reduce_sum(tf.nn.softmax(w) * tf.range(tf.cast(tf.shape(w)[-1], w.dtype)), axis=-1) * 2.0  # guilty",),
    ),
    "numpy-in-a-function": Program(
        "none/left-tensorflow",
        (
            LINE + "def mse(p, t):\n    return tf.reduce_mean(np.square(p - t))  # guilty\n",
            "with tf.GradientTape() as tape:\n    loss = mse(model(x), y)\n",
            "grads = tape.gradient(loss, model.trainable_variables)\n",
        ),
        ("    return tf.reduce_mean(tf.square(p - t))  # guilty",),
        ("none", "none"),
    ),
    "the-last-turn-of-a-loop": Program(
        "none/not-watched",
        (
            LINE + "optimizer = keras.optimizers.SGD(0.1)\n",
            "for _ in range(3):\n    with tf.GradientTape(persistent=True) as tape:  # guilty\n        loss = tf.reduce_mean((model(x) - y) ** 2)\n"
            "    grads = tape.gradient(loss, model.trainable_variables)\n    optimizer.apply_gradients(zip(grads, model.trainable_variables))\n",
            "saliency = tape.gradient(loss, x)\n",
        ),
        ("        tape.watch(x)",),
    ),
    "asked-twice": Program(
        "error/tape-used-twice",
        (PAIR + "with tf.GradientTape() as tape:\n    y = w ** 2\ngrad = tape.gradient(y, w)\n", "again = tape.gradient(y, w)  # guilty\n"),
        ("with tf.GradientTape(persistent=True) as tape:",),
        ("error",),
    ),
    "the-model-was-made-anew": Program(
        "none/different-object",
        (
            LINE + "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((model(x) - y) ** 2)\n",
            "model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])\n",
            "grads = tape.gradient(loss, model.trainable_variables)  # guilty\n",
        ),
        statuses=("none", "none"),
    ),
    "the-variable-was-made-anew": Program("none/different-object", (PAIR + "with tf.GradientTape() as tape:\n    y = w ** 2\n", PAIR, "grad = tape.gradient(y, w)  # guilty\n")),
    "a-default-keeps-the-old-model": Program(
        "none/different-object",
        (
            LINE + "def loss_of(x, y, net=model):\n    return tf.reduce_mean((net(x) - y) ** 2)\n",
            LINE,
            "with tf.GradientTape() as tape:\n    loss = loss_of(x, y)\ngrads = tape.gradient(loss, model.trainable_variables)  # guilty\n",
        ),
        statuses=("none", "none"),
    ),
    "what-a-rerun-would-write": Program(
        "none/unexplained",
        (PAIR + "with tf.GradientTape() as tape:\n    y = tf.cast(tf.argmax(w), tf.float32)\n    np.savetxt('/dev/null', w.numpy())\n", "grad = tape.gradient(y, w)  # guilty\n"),
    ),
    "behind-what-a-rerun-would-write": Program(
        "none/outside-tape",
        (PAIR + "with tf.GradientTape() as tape:\n    y = w * w\n    np.savetxt('/dev/null', w.numpy())\n", "z = 2.0 * y  # guilty\ngrad = tape.gradient(z, w)\n"),
    ),
    "a-method-mended-too-late": Program(
        "none/left-tensorflow",
        (
            LINE + "class Trainer:\n    def __init__(self, model):\n        self.model = model\n    def loss(self, x, y):\n        return tf.reduce_mean((self.model(x).numpy() - y) ** 2)  # guilty\n"
            "trainer = Trainer(model)\n",
            "class Trainer:\n    def __init__(self, model):\n        self.model = model\n    def loss(self, x, y):\n        return tf.reduce_mean((self.model(x) - y) ** 2)\n",
            "with tf.GradientTape() as tape:\n    loss = trainer.loss(x, y)\ngrads = tape.gradient(loss, model.trainable_variables)\n",
        ),
        ("trainer = Trainer(model)",),
        ("none", "none"),
    ),
    "a-layer-called-since-the-class-was-edited": Program(
        "none/unused-variable",
        (
            "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.first, self.second = keras.layers.Dense(2), keras.layers.Dense(2)\n"
            "    def call(self, x):\n        return self.first(x)\nnet = Net()\nnet.second.build((None, 2))\n",
            "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.first, self.second = keras.layers.Dense(2), keras.layers.Dense(2)\n"
            "    def call(self, x):\n        return self.second(self.first(x))\nx = tf.random.normal((4, 3))\n",
            "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(net(x) ** 2)\ngrads = tape.gradient(loss, net.trainable_variables)  # guilty\n",
        ),
        ("net = Net()",),
        ("ok", "ok", "none", "none"),
    ),
    "a-loss-that-compile-keeps": Program(
        "none/non-differentiable-op",
        (
            LINE + "def loss_of(t, p):\n    return tf.reduce_mean(tf.cast(p > 0.5, tf.float32) - t)  # guilty\nmodel.compile('sgd', loss=loss_of)\n",
            "def loss_of(t, p):\n    return tf.reduce_mean((p - t) ** 2)\n",
            "history = model.fit(x, y, epochs=1, verbose=0)\n",
        ),
        ("model.compile('sgd', loss=loss_of)",),
        ("none", "none"),
    ),
}


def run(notebook: Any, cells: tuple[str, ...], options: str = "") -> tuple[Any, dict[int | str, list[str]]]:
    """The report of the last cell, and the lines of all cells by their numbers."""
    lines: dict[int | str, list[str]] = {}
    for cell in (IMPORTS, *cells[:-1]):
        lines[notebook.shell.execution_count] = cell.split("\n")
        assert notebook.run(cell).success
    report = notebook.check(cells[-1], options)
    lines["current"] = ["%%gradcheck", *cells[-1].split("\n")]
    return report, lines


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_guilty_line_may_lie_in_an_earlier_cell(name: str, notebook: Any) -> None:
    program = PROGRAMS[name]
    report, lines = run(notebook, program.cells, "--fix" if program.becomes else "")
    assert not report.failures
    assert tuple(v.status for v in report.calls[-1].variables) == program.statuses
    found = next((f for f in report.findings if f.rule == program.rule), None)
    assert found is not None, [(f.rule, f.message) for f in report.findings]
    assert not [f for f in report.findings if f.severity == "error" and f.rule not in (program.rule, "error/no-gradients-provided")]
    assert "# guilty" in lines[found.location.cell][found.location.line - 1]
    if not program.becomes:
        return
    fix = found.fixes[0]
    assert fix.verified is not None
    assert set(fix.verified.statuses_after.values()) == {"ok"}
    for edit in sorted(fix.edits, key=lambda e: -e.start_line):
        lines[edit.cell][edit.start_line - 1 : edit.end_line] = edit.replacement.split("\n")
    after = [line for cell in lines.values() for line in cell]
    assert all(any(line.startswith(wanted) for line in after) for wanted in program.becomes), after


HEALTHY = {
    "a-tape-of-an-earlier-cell": (PAIR + "with tf.GradientTape() as tape:\n    y = w ** 2\n", "grad = tape.gradient(y, w)\n"),
    "two-classes-of-one-name": (
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.dense = keras.layers.Dense(2)\n    def call(self, x):\n        return self.dense(x)\nfirst = Net()\n",
        "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n        self.dense = keras.layers.Dense(3)\n    def call(self, x):\n        return tf.nn.tanh(self.dense(x))\n"
        "second = Net()\nx = tf.random.normal((4, 3))\n",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(first(x) ** 2) + tf.reduce_sum(second(x) ** 2)\n"
        "grads = tape.gradient(loss, first.trainable_variables + second.trainable_variables)\n",
    ),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_what_is_healthy_over_several_cells_raises_no_alarm(name: str, notebook: Any) -> None:
    report, _ = run(notebook, HEALTHY[name])
    assert not report.findings
    assert {v.status for call in report.calls for v in call.variables} == {"ok"}


def test_what_ran_once_more_leaves_no_trace(notebook: Any, capsys: Any) -> None:
    """The block of the earlier cell ran again, and its counter, its variable and its output are as they were."""
    cells = (
        "seen, w = [], tf.Variable(2.0)\nwith tf.GradientTape() as tape:\n    print('once and no more')\n    seen.append(1)\n    w.assign_add(1.0)\n    y = tf.round(w)\n",
        "grad = tape.gradient(y, w)\n",
    )
    report, _ = run(notebook, cells)
    assert [f.rule for f in report.findings] == ["none/non-differentiable-op"]
    assert notebook.shell.user_ns["seen"] == [1]
    assert float(notebook.shell.user_ns["w"]) == 3.0
    assert capsys.readouterr().out.count("once and no more") == 1
