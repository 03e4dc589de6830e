"""Functions that were traced before the check: they compute what they would compute without it, and are seen into where that is possible."""

from __future__ import annotations

from typing import Any

import pytest

MADE = """\
import tensorflow as tf
tf.random.set_seed(3)
w, lost = tf.Variable([1.0, 2.0], name="w"), tf.Variable(1.0, name="lost")
heard, scale = [], 2.0
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(w * x * scale - 1.0)) NOISE
    grads = tape.gradient(loss, [w, lost])
    w.assign_sub(0.01 * grads[0])
    return loss
first = float(step(tf.constant([1.0, 2.0])))
"""
RUN = "losses = [float(step(tf.constant([1.0, 2.0]))) for _ in range(3)]\nnow = w.numpy().tolist()"


def results(notebook: Any, made: str, *, checked: bool, run: str = RUN) -> tuple[Any, Any]:
    assert notebook.run(made).success
    report = None
    if checked:
        report = notebook.check(run)
        assert notebook.result.success
    else:
        assert notebook.run(run).success
    assert notebook.run("after = float(step(tf.constant([1.0, 2.0])))").success
    space = notebook.shell.user_ns
    return (space["losses"], space["now"], space["after"]), report


@pytest.mark.parametrize("noise", ["", "+ tf.reduce_sum(tf.random.normal((2,)))"], ids=["plain", "seeded"])
def test_the_numbers_are_those_of_a_run_without_the_check(noise: str, notebook: Any) -> None:
    made = MADE.replace("NOISE", noise)
    plain, _ = results(notebook, made, checked=False)
    checked, report = results(notebook, made, checked=True)
    assert checked == plain
    if noise:
        # Its random numbers go on from call to call: it is left alone, and the report says so.
        assert report.calls == () and "`step`" in report.summary and any("`step`" in f for f in report.failures)
    else:
        assert [v.status for v in report.calls[0].variables] == ["ok", "none"]
        assert report.failures == ()


def test_what_changed_since_is_not_brought_up_to_date(notebook: Any) -> None:
    made = MADE.replace("NOISE", "")
    run = "scale = 3.0\n" + RUN
    plain, _ = results(notebook, made, checked=False, run=run)
    checked, report = results(notebook, made, checked=True, run=run)
    assert checked == plain
    found = next(f for f in report.findings if f.rule == "step/stale-capture")
    assert "`scale` = `2.0`" in found.message and "`3.0`" in found.message


def test_other_shapes_are_traced_by_the_function_itself(notebook: Any) -> None:
    assert notebook.run(MADE.replace("NOISE", "")).success
    report = notebook.check("loss = step(tf.constant([[1.0, 2.0], [3.0, 4.0]]))")
    assert notebook.shell.user_ns["step"].experimental_get_tracing_count() == 2
    assert [v.status for v in report.calls[0].variables] == ["ok", "none"]


def test_nothing_is_heard_of_the_second_trace(notebook: Any, capsys: Any) -> None:
    made = MADE.replace("NOISE", "").replace("    with tf", "    print('tracing now')\n    with tf")
    assert notebook.run(made).success
    capsys.readouterr()
    notebook.check(RUN)
    assert "tracing now\n" not in capsys.readouterr().out.partition("error[")[0]
    assert notebook.shell.user_ns["step"].experimental_get_tracing_count() == 1


CHOOSING = """\
import tensorflow as tf
w = tf.Variable([1.0, -2.0], name="w")
scale = 2.0
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        loss = CHOICE
    w.assign_sub(0.01 * tape.gradient(loss, w))
    return loss
first = float(step(tf.constant([1.0, 2.0])))
"""
CHOICES = {
    "a branch of a case": "tf.switch_case(tf.cast(x[0], tf.int32), [lambda: tf.reduce_sum(w * x), lambda: tf.reduce_sum(w * x * scale)])",
    "an attribute of an op": "tf.reduce_sum(tf.nn.leaky_relu(w * x, alpha=scale / 10.0))",
    "another result of an op": "tf.unstack(w * x)[int(scale) - 2]",
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_a_graph_that_differs_inside_is_another_graph(choice: str, notebook: Any) -> None:
    made = CHOOSING.replace("CHOICE", choice)
    run = "scale = 3.0\n" + RUN
    plain, _ = results(notebook, made, checked=False, run=run)
    checked, report = results(notebook, made, checked=True, run=run)
    assert checked == plain
    assert report.calls == () and any("`step`" in f for f in [*report.failures, *(found.message for found in report.findings)])


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_a_graph_that_is_the_same_inside_is_looked_into(choice: str, notebook: Any) -> None:
    made = CHOOSING.replace("CHOICE", choice)
    plain, _ = results(notebook, made, checked=False)
    checked, report = results(notebook, made, checked=True)
    assert checked == plain
    assert [v.name for v in report.calls[0].variables] == ["w"] and report.failures == ()


def test_random_numbers_in_a_branch_of_a_case_go_on(notebook: Any) -> None:
    made = "import tensorflow as tf\ntf.random.set_seed(3)\n" + CHOOSING.replace("CHOICE", CHOICES["a branch of a case"].replace("x * scale", "tf.random.normal((2,))"))
    plain, _ = results(notebook, made, checked=False)
    checked, report = results(notebook, made, checked=True)
    assert checked == plain
    assert any("`step`" in f for f in report.failures)


def test_a_tape_of_an_earlier_function_records_alone(notebook: Any) -> None:
    notebook.run(
        """\
import tensorflow as tf
w = tf.Variable([1.0, 2.0])

@tf.function
def noisy(x):
    return tf.reduce_sum(x * tf.random.uniform((2,)))

def step():
    tf.random.set_seed(5)
    with tf.GradientTape() as tape:
        loss = noisy(w)
    return tape.gradient(loss, w)
"""
    )
    notebook.run("plain = step().numpy()")
    report = notebook.check("checked = step().numpy()")
    assert [v.status for c in report.calls for v in c.variables] == ["ok"]
    # Under a second tape the function would run in another form, with other random numbers.
    assert (notebook.shell.user_ns["checked"] == notebook.shell.user_ns["plain"]).all()


LOOP = """\
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(w - 1.0))
    grad = tape.gradient(loss, w)
    w = w - 0.1 * (0.0 if grad is None else grad)
"""


def test_a_variable_that_an_earlier_run_of_the_cell_replaced_is_told_by_that_line(notebook: Any) -> None:
    notebook.run("import tensorflow as tf\nw = tf.Variable([0.3, 0.4])\n")
    notebook.run(LOOP)
    found = notebook.check(LOOP).findings[0]
    assert (found.rule, found.location.line) == ("none/variable-replaced", 6), found.message
    assert [e.replacement.strip() for e in found.fixes[0].edits] == ["w.assign_sub(0.1 * (0.0 if grad is None else grad))"]


def test_an_attribute_that_an_earlier_cell_gave_to_a_tensor_is_told_by_that_line(notebook: Any) -> None:
    notebook.run(
        """\
import tensorflow as tf
class Scale(tf.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable([0.3, 0.4])
    def __call__(self, x):
        return tf.reduce_sum(self.factor * x)
scale = Scale()
scale.factor = tf.where(scale.factor < 0.35, 0.0, scale.factor)
"""
    )
    found = notebook.check("with tf.GradientTape() as tape:\n    loss = scale([1.0, 2.0])\ngrad = tape.gradient(loss, [scale.factor])").findings[0]
    assert (found.rule, found.location.line) == ("none/variable-replaced", 9), found.message


@pytest.mark.parametrize("made", ["w = tf.constant([1.0, 2.0])\nw = w / 2.0", "w = tf.Variable([1.0, 2.0])\nw = tf.ones(2)\nw = w / 2.0"])
def test_a_name_that_was_given_to_a_tensor_on_its_own_is_not_watched(notebook: Any, made: str) -> None:
    notebook.run(f"import tensorflow as tf\n{made}\n")
    found = notebook.check("with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.square(w))\ngrad = tape.gradient(loss, w)").findings[0]
    assert found.rule == "none/not-watched", found.message


def test_a_traced_function_is_told_where_it_stands_in_the_cell_as_it_is_now(notebook: Any) -> None:
    # Its code is the same to AutoGraph, which keeps the translation of the cell as it was.
    assert notebook.run("import tensorflow as tf\nw = tf.Variable(2.0)").success
    cell = "@tf.function\ndef step(x):\n    with tf.GradientTape() as tape:\n        loss = tf.round(w * x)\n    return tape.gradient(loss, [w])[0] is None\nlost = step(tf.constant(1.0))"
    for text in (cell, cell.replace("1.0", "3.0"), cell):
        found = notebook.check(text).findings[0]
        assert (found.rule, found.location.cell, found.location.line) == ("none/non-differentiable-op", "current", 5)
    assert notebook.run("def step(x):\n    return x").success
    found = notebook.check(cell.replace("1.0", "4.0")).findings[0]
    assert (found.location.cell, found.location.line) == ("current", 5)
