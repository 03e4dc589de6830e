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


FITTED = """import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="tanh")], name="base")
base.trainable = FIRST
model = keras.Sequential([base, keras.layers.Dense(1)])
model.compile("adam", "mse")
rows, wanted = tf.random.normal((16, 4), seed=1), tf.random.normal((16, 1), seed=2)
model.fit(rows, wanted, verbose=0)
"""


@pytest.mark.parametrize("first", [False, True], ids=["set free", "frozen"])
def test_a_training_step_from_before_trains_what_it_was_made_for(first: bool, notebook: Any) -> None:
    run, weights = f"base.trainable = {not first}\nmodel.fit(rows, wanted, epochs=2, shuffle=False, verbose=0)", []
    for checked in (False, True):
        assert notebook.run(FITTED.replace("FIRST", str(first))).success
        report = notebook.check(run) if checked else None
        assert (notebook.result if checked else notebook.run(run)).success
        weights.append([w.numpy().tolist() for w in notebook.shell.user_ns["model"].weights])
    assert weights[0] == weights[1]
    assert [(f.rule, f.severity) for f in report.findings] == [("step/stale-capture", "warning")]
    before, after = (4, 2) if first else (2, 4)
    assert f"goes on with {before} weights" in report.findings[0].message and f"there are {after} now" in report.findings[0].message
    assert not [u for u in report.updates if u.raised]


def test_a_step_of_their_own_from_before_is_not_called_wrong_for_a_trace_that_nobody_made(notebook: Any) -> None:
    notebook.run(
        FITTED.replace("FIRST", "False")
        + "opt = keras.optimizers.SGD(0.1)\n@tf.function\ndef step():\n    with tf.GradientTape() as tape:\n        loss = tf.reduce_mean((model(rows) - wanted) ** 2)\n"
        "    opt.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))\n    return loss\nstep()"
    )
    report = notebook.check("base.trainable = True\nloss = step()")
    assert notebook.result.success
    assert [f.rule for f in report.findings] == ["step/stale-capture"] and report.failures == ()


OWN_STEP = """import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
class Coder(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner, self.outer, self.weight = keras.layers.Dense(2), keras.layers.Dense(4), 0.0
    def call(self, rows):
        return self.outer(self.inner(rows))
    def train_step(self, rows):
        print("the step runs in Python")
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(rows) - rows) ** 2) + self.weight * tf.reduce_sum(self.inner(rows) ** 2)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        return {"loss": loss}
rows = tf.random.normal((16, 4), seed=1)
coder = Coder()
coder.compile("adam")
coder.fit(rows, verbose=0)
"""


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_a_training_step_from_before_keeps_its_numbers(weight: float, notebook: Any, capsys: Any) -> None:
    run, weights = f"coder.weight = {weight}\ncoder.fit(rows, epochs=2, shuffle=False, verbose=0)", []
    for checked in (False, True):
        assert notebook.run(OWN_STEP).success
        capsys.readouterr()
        report = notebook.check(run, "--fix") if checked else None
        assert (notebook.result if checked else notebook.run(run)).success
        assert "runs in Python" not in capsys.readouterr().out
        weights.append([w.numpy().tolist() for w in notebook.shell.user_ns["coder"].weights])
    assert weights[0] == weights[1]
    if weight:
        assert "`self.weight` = `0.0`" in report.findings[0].message and report.findings[0].fixes[0].verified is not None
    else:
        assert [v.status for v in report.calls[0].variables] == ["ok"] * 4 and report.findings == ()


FLAT = "keras.layers.Flatten(), keras.layers.Dense(6, activation='relu'), keras.layers.Dense(1)"


@pytest.mark.parametrize(
    ("layers", "compiled", "trained", "between"),
    [
        (FLAT, "'adam', 'mse', jit_compile=True", "fit(rows, wanted, shuffle=False, verbose=0)", ""),
        (FLAT, "'adam', 'mse', steps_per_execution=2", "fit(rows, wanted, batch_size=4, shuffle=False, verbose=0)", ""),
        (FLAT, "keras.optimizers.Adam(1e-3, gradient_accumulation_steps=2), 'mse'", "train_on_batch(rows, wanted)", ""),
        ("keras.layers.LSTM(3), keras.layers.Dropout(0.3), keras.layers.Dense(1)", "'adam', 'mse', metrics=['mae']", "fit(rows, wanted, shuffle=False, verbose=0)", ""),
        ("keras.layers.Flatten(), keras.layers.BatchNormalization(), keras.layers.Dense(1)", "'sgd', 'mse'", "fit(rows, wanted, shuffle=False, verbose=0)", "model.optimizer.learning_rate = 1e-4"),
        ("keras.layers.Flatten(), keras.layers.Dropout(0.5), keras.layers.Dense(1)", "'sgd', 'mse'", "fit(rows, wanted, shuffle=False, verbose=0)", "model.layers[1].rate = 0.0"),
    ],
    ids=["jit", "several steps at once", "a batch", "recurrent", "another rate", "another layer"],
)
def test_a_model_that_was_trained_before_is_trained_on_with_the_same_numbers(layers: str, compiled: str, trained: str, between: str, notebook: Any) -> None:
    made = (
        f"import keras\nimport tensorflow as tf\nkeras.utils.set_random_seed(1)\nmodel = keras.Sequential([keras.Input((4, 2)), {layers}])\nmodel.compile({compiled})\n"
        f"rows, wanted = tf.random.normal((16, 4, 2), seed=1), tf.random.normal((16, 1), seed=2)\nmodel.{trained}"
    )
    weights, run = [], f"{between}\nfor _ in range(2):\n    model.{trained}"
    for checked in (False, True):
        assert notebook.run(made).success
        report = notebook.check(run) if checked else None
        assert (notebook.result if checked else notebook.run(run)).success
        weights.append([w.numpy().tolist() for w in notebook.shell.user_ns["model"].weights])
    assert weights[0] == weights[1]
    if "rate = 0.0" in between:
        # The step goes on with the layer as it was, so it can be read by nobody.
        assert report.calls == () and "compiles the model again" in report.failures[0]
    else:
        assert report.calls and report.failures == ()


@pytest.mark.parametrize("named", [False, True], ids=["in turn", "by name"])
def test_a_part_that_was_frozen_since_is_told_and_raises_nothing(named: bool, notebook: Any) -> None:
    made = """import keras
import tensorflow as tf
keras.utils.set_random_seed(1)
class Pair(keras.Model):
    def __init__(self):
        super().__init__()
        self.maker = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
        self.judge = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    def compile(self):
        super().compile()
        self.makers, self.judges = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
    def train_step(self, rows):
        for part, optimizer in ((self.judge, self.judges), (self.maker, self.makers)):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.nn.softplus(self.judge(self.maker(tf.ones((8, 2)))))) + tf.reduce_mean(tf.nn.softplus(-self.judge(rows)))
            optimizer.apply_gradients(zip(tape.gradient(loss, part.trainable_variables), part.trainable_variables))
        return {"loss": loss}
pair = Pair()
pair.compile()
rows = tf.random.normal((8, 4), seed=1)
pair.fit(rows, verbose=0)
"""
    if named:
        start, end = made.index("        for part"), made.index("        return")
        parts = (made[start:end].split("\n", 1)[1].replace("part.", f"self.{part}.").replace("optimizer.", f"self.{part}s.") for part in ("judge", "maker"))
        made = made[:start] + "".join(line[4:] + "\n" for part in parts for line in part.splitlines()) + made[end:]
    run, weights = "pair.judge.trainable = False\npair.fit(rows, epochs=2, shuffle=False, verbose=0)", []
    for checked in (False, True):
        assert notebook.run(made).success
        report = notebook.check(run) if checked else None
        assert (notebook.result if checked else notebook.run(run)).success
        weights.append([w.numpy().tolist() for w in notebook.shell.user_ns["pair"].weights])
    assert weights[0] == weights[1]
    assert not [f for f in report.findings if f.rule.startswith("error/")]
    if named:
        assert [f.rule for f in report.findings] == ["step/stale-capture"] and report.failures == ()
        assert "goes on with 2 weights of `self.judge.trainable_variables`, although there are 0 now" in report.findings[0].message
    else:
        assert "the cell that compiles the model again" in report.summary


COUNTED = """\
import numpy as np
import tensorflow as tf
np.random.seed(3)
w, traces, shapes = tf.Variable([1.0, 2.0]), 0, []
def make():
    inner = 0
    @tf.function
    def step(x):
        nonlocal inner
        global traces
        inner, traces = inner + 1, traces + 1
        shapes.append(x.shape)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(w * x)
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss
    return step, lambda: inner
step, count = make()
first = step(tf.ones(2))
"""


@pytest.mark.parametrize("checked", [False, True])
def test_what_a_function_counts_when_it_is_traced_is_what_it_counts_without_the_check(checked: bool, notebook: Any) -> None:
    assert notebook.run(COUNTED).success
    run = "step(tf.ones(2)); step(tf.ones(1)); step(tf.ones(1))\nseen = traces, len(shapes), count(), np.random.rand()"
    if checked:
        assert [v.status for v in notebook.check(run).calls[0].variables] == ["ok"]
        assert notebook.result.success
    else:
        assert notebook.run(run).success
    assert notebook.shell.user_ns["seen"] == (2, 2, 2, pytest.approx(0.5507979))


@pytest.mark.parametrize("wrapped", [False, True])
def test_of_a_graph_that_was_taken_out_of_its_function_before_the_report_says_that_it_was_not_seen(wrapped: bool, notebook: Any) -> None:
    assert notebook.run(MADE.replace("NOISE", "")).success
    outer = "outer = tf.function(lambda x: 2.0 * step(x))\n" if wrapped else ""
    assert notebook.run(f"{outer}taken = {'outer' if wrapped else 'step'}.get_concrete_function(tf.TensorSpec([2]))\nplain = tf.function(lambda x: x * w).get_concrete_function(tf.TensorSpec([2]))").success
    report = notebook.check("plain(tf.ones(2)); loss = [taken(tf.ones(2)) for _ in range(3)]")
    assert report.calls == () and "was traced in an earlier cell" in report.summary and len(report.failures) == 1
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(plain(tf.ones(2)))\ngrads = tape.gradient(loss, w)")
    assert report.failures == () and report.calls[0].variables[0].status == "ok"
