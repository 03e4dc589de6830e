"""Every rule's example is repaired by the rule's own fix, and what a fix does not touch stays to the last character."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import libcst as cst
import pytest

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, parse
from gradmagic.render.diff import hunks
from gradmagic.render.page import sections
from gradmagic.report import Edit, Fix, Report
from gradmagic.rules import CATALOGUE, module_of, pages

PAGES = pages()
# Where there is nothing to edit, or the rule beside it holds the edit, or only the author knows what is meant.
NO_EDIT = {
    "error/no-gradients-provided": "the rule that explains the None holds the edit",
    "error/no-gradient-registered": "most such ops have no counterpart that computes the same; those that have one are in `tests/repairs`",
    "error/no-loss": "an empty list says nothing about what was meant",
    "none/constant-target": "what the target should be computed from is not in the code",
    "zero/untaken-graph-branch": "which branch runs is the program's choice",
    "step/skipped-by-loss-scale": "the scale comes down by itself, unless the data are very large",
    "step/silently-skipped": "the rule that explains the None holds the edit",
    "wrong/nonsmooth-point": "there is nothing to repair",
}
EXPLAINED = [rule for rule in CATALOGUE if not rule.endswith("/unexplained")]
# The edit of the example has a number that only the author can choose.
BY_HAND = ("zero/saturated-activation", "scale/near-singular")
WITH_FIX = [rule for rule in EXPLAINED if hasattr(module_of(rule), "fixes") and rule not in NO_EDIT and rule not in BY_HAND]


def apply(source: str, edits: tuple[Edit, ...]) -> str:
    lines = source.split("\n")
    for edit in sorted(edits, key=lambda e: -e.start_line):
        assert edit.cell == "current"
        lines[edit.start_line - 1 : edit.end_line] = edit.replacement.split("\n") if edit.replacement else []
    return "\n".join(lines)


def first_fix(report: Report, rule: str) -> Fix:
    found = next(f for f in report.findings if f.rule == rule)
    return next(f for f in found.fixes if f.edits)


def test_every_rule_has_a_fix_or_a_reason() -> None:
    assert [r for r in EXPLAINED if not hasattr(module_of(r), "fixes") and r not in NO_EDIT] == []
    assert set(NO_EDIT) <= set(EXPLAINED)


@pytest.mark.parametrize("rule", WITH_FIX)
def test_the_example_is_repaired_by_its_own_fix(rule: str, notebook: Any) -> None:
    setup, _, cell = sections(PAGES[rule])[1]["Example"].partition("\n")
    line = "--numeric" if rule.startswith("wrong/") else ""
    notebook.run(setup)
    before = notebook.check(cell, line)
    fix = first_fix(before, rule)
    edited = apply(f"%%gradcheck {line}\n{cell}", fix.edits)
    notebook.run(f"%reset -f\n{setup}")
    after = notebook.check(edited.partition("\n")[2], line)
    assert notebook.result.success
    assert [f.rule for f in after.findings if f.severity == "error"] == []
    assert rule not in [f.rule for f in after.findings]
    bad = {"none", "nan", "inf", "error", "wrong", "zero"}
    assert not [v for c in after.calls for v in c.variables if v.status in bad]


@pytest.mark.parametrize("rule", BY_HAND)
def test_an_edit_by_hand_is_shown_and_marked(rule: str, notebook: Any) -> None:
    setup, _, cell = sections(PAGES[rule])[1]["Example"].partition("\n")
    notebook.run(setup)
    fix = first_fix(notebook.check(cell, "--fix"), rule)
    assert fix.applicability == "display-only" and fix.verified is None
    edited = apply(f"%%gradcheck\n{cell}", fix.edits)
    compile(edited.partition("\n")[2], "cell", "exec")
    after = notebook.check(edited.partition("\n")[2])
    assert rule not in [f.rule for f in after.findings]


@pytest.mark.parametrize("rule", WITH_FIX)
def test_the_example_s_fix_holds_when_it_is_tried(rule: str, notebook: Any) -> None:
    setup, _, cell = sections(PAGES[rule])[1]["Example"].partition("\n")
    notebook.run(setup)
    report = notebook.check(cell, "--fix" + (" --numeric" if rule.startswith("wrong/") else ""))
    found = next(f for f in report.findings if f.rule == rule)
    tried = [f for f in found.fixes if f.applicability != "display-only"]
    assert tried and all(f.verified is not None for f in tried)
    for fix in tried:
        assert fix.verified is not None
        if fix.applicability == "safe" and fix.verified.loss_before is not None and fix.verified.loss_after is not None:
            assert fix.verified.loss_before == pytest.approx(fix.verified.loss_after, rel=1e-5)


SOURCE = """%%gradcheck
# a comment   above
def f( x,y ):   # odd spaces
\tz = ( tf.stop_gradient( x )  # why
\t      * y )
\treturn  z
%timeit f(1, 2)
é = f( 1,  2 )"""


def _code() -> Code:
    code = parse("current", SOURCE)
    assert code is not None
    return code


def test_formatting_comments_and_magics_stay() -> None:
    code = _code()
    call = next(c for c in code.all(cst.Call) if code.text(c.func) == "tf.stop_gradient")
    edits = code.edits(Change().replace(call, call.args[0].value))
    assert [(e.start_line, e.end_line, e.replacement) for e in edits] == [(4, 4, "\tz = ( x  # why")]
    assert code.edits(Change()) == ()


def test_statements_go_and_come() -> None:
    code = _code()
    last = code.all(cst.SimpleStatementLine)[-1]
    assert apply(SOURCE, code.edits(Change().insert_after(last, code.line("g = 1")))).split("\n")[-2:] == ["é = f( 1,  2 )", "g = 1"]
    assert apply(SOURCE, code.edits(Change().insert_before(last, code.line("g = 1")))).split("\n")[-2:] == ["g = 1", "é = f( 1,  2 )"]
    assert apply(SOURCE, code.edits(Change().remove(last))) == SOURCE.rpartition("\n")[0]


def test_a_block_that_loses_its_only_line_keeps_a_pass() -> None:
    code = parse("current", "if x:\n    y = 1\nz = 2")
    assert code is not None
    inner = code.all(cst.SimpleStatementLine)[0]
    compile(apply(code.source, code.edits(Change().remove(inner))), "cell", "exec")


def test_parentheses_are_put_where_they_are_needed() -> None:
    code = parse("current", "a = f(x + y) * 2\nb = f(x + y)\nc = f(x + y).T\nd = (f(x + y))")
    assert code is not None
    change = Change()
    for call in code.all(cst.Call):
        change.replace(call, call.args[0].value)
    assert apply(code.source, code.edits(change)).split("\n") == ["a = (x + y) * 2", "b = x + y", "c = (x + y).T", "d = (x + y)"]


def test_what_cannot_be_parsed_has_no_tree() -> None:
    assert parse("current", "def f(:\n  pass") is None


# What stood there, what the checked cell is, and a part of what must come out: the standard of the common repairs.
REPAIRS = {
    "numpy function": (
        "w = tf.Variable([1.0, 2.0])",
        "with tf.GradientTape() as tape:\n    y = np.exp(w.numpy())\n    loss = tf.reduce_sum(tf.constant(y))\ng = tape.gradient(loss, w)",
        "y = tf.exp(w)",
    ),
    "float": ("w = tf.Variable(2.0)", "with tf.GradientTape() as tape:\n    y = float(w * w)\n    loss = tf.constant(2.0) * y\ng = tape.gradient(loss, w)", "y = w * w"),
    "threshold": (
        "w = tf.Variable([0.2, 0.9])",
        "with tf.GradientTape() as tape:\n    p = tf.sigmoid(w)\n    loss = tf.reduce_mean(tf.square(1.0 - tf.cast(p >= 0.5, tf.float32)))\ng = tape.gradient(loss, w)",
        "1.0 - p",
    ),
    "accuracy": (
        "w = tf.Variable(tf.ones((3, 4)))\nx, y = tf.random.normal((5, 3)), tf.constant([0, 1, 2, 3, 0], tf.int64)",
        "with tf.GradientTape() as tape:\n    logits = x @ w\n    loss = 1.0 - tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, axis=-1), y), tf.float32))\ng = tape.gradient(loss, w)",
        "losses.sparse_categorical_crossentropy(y, logits, from_logits=True)",
    ),
    "forward pass after the tape": ("w = tf.Variable(2.0)", "with tf.GradientTape() as tape:\n    y = w * w\nloss = y + 1.0  # here\ng = tape.gradient(loss, w)", "    loss = y + 1.0  # here"),
    "target in the call": ("w = tf.Variable(2.0)", "with tf.GradientTape() as tape:\n    y = w * w\ng = tape.gradient(-y, w)", "    loss = -y"),
    "watch": ("x, y = tf.constant(2.0), tf.constant(3.0)", "with tf.GradientTape() as t:\n    z = x * y\ng = t.gradient(z, [x, y])", "    t.watch([x, y])"),
    "list of weights": (
        "ws = [tf.Variable(1.0), tf.Variable(2.0)]",
        "for step in range(2):\n    with tf.GradientTape() as tape:\n        loss = ws[0] * ws[1]\n    gs = tape.gradient(loss, ws)\n    if gs[0] is not None:\n        ws = [w - 0.1 * g for w, g in zip(ws, gs)]",
        "for w, g in zip(ws, gs):",
    ),
    "log of softmax": (
        "w = tf.Variable([[0.0, 2000.0]])",
        "with tf.GradientTape() as tape:\n    p = tf.nn.softmax(w)\n    loss = -tf.reduce_sum(tf.math.log(p))\ng = tape.gradient(loss, w)",
        "tf.nn.log_softmax(w)",
    ),
    "norm": ("w = tf.Variable([0.0, 0.0])", "with tf.GradientTape() as tape:\n    loss = tf.norm(w, axis=0)\ng = tape.gradient(loss, w)", "tf.sqrt(tf.reduce_sum(tf.square(w), axis=0) + 1e-12)"),
    "zero over zero": ("w = tf.Variable([0.0, 1.0])", "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(w / tf.stop_gradient(w))\ng = tape.gradient(loss, w)", "tf.math.divide_no_nan(w, "),
    "zip the wrong way round": (
        "a, b = tf.Variable(1.0), tf.Variable(2.0)\nopt = tf.keras.optimizers.SGD(0.1)",
        "with tf.GradientTape() as tape:\n    loss = a * a + 3.0 * b\nvs = [a, b]\ngs = tape.gradient(loss, vs)\nopt.apply_gradients(zip(gs, reversed(vs)))",
        "zip(gs, vs)",
    ),
    "all variables": (
        "net = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.BatchNormalization(), tf.keras.layers.Dense(1)])\nx = tf.random.normal((4, 2))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(net(x, training=True) ** 2)\ng = tape.gradient(loss, net.variables)",
        "net.trainable_variables",
    ),
    "contrast": (
        "image = tf.Variable(tf.random.uniform((1, 4, 4, 3)))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.image.adjust_contrast(image, 2.0) ** 2)\ng = tape.gradient(loss, image)",
        "(image - tf.reduce_mean(image, axis=(-3, -2), keepdims=True)) * 2.0",
    ),
    "saturation": (
        "image = tf.Variable(tf.random.uniform((1, 4, 4, 3)))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.image.adjust_saturation(image, 0.5) ** 2)\ng = tape.gradient(loss, image)",
        "tf.reduce_max(image, axis=-1, keepdims=True)",
    ),
    "area": (
        "image = tf.Variable(tf.random.uniform((1, 4, 4, 3)))",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.image.resize(image, (2, 2), method='area') ** 2)\ng = tape.gradient(loss, image)",
        'method="bilinear"',
    ),
    "bincount": (
        "w = tf.Variable([1.0, 2.0, 3.0])",
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.math.bincount([0, 2, 2], weights=w) ** 2)\ng = tape.gradient(loss, w)",
        "unsorted_segment_sum(w, [0, 2, 2]",
    ),
    "keras.ops": (
        "ops = keras.ops\nw = tf.Variable([0.0, 4.0])",
        "from keras import ops\nwith tf.GradientTape() as tape:\n    loss = ops.sum(ops.sqrt(w))\ng = tape.gradient(loss, w)",
        "ops.sqrt(w + 1e-12)",
    ),
}


@pytest.mark.parametrize("name", REPAIRS)
def test_the_edit_is_the_one_that_a_good_engineer_makes(name: str, notebook: Any) -> None:
    setup, cell, wanted = REPAIRS[name]
    notebook.run("import numpy as np, tensorflow as tf, keras")
    notebook.run(setup)
    report = notebook.check(cell, "--fix")
    assert not [f for f in report.failures if "write a fix" in f], report.failures
    fixes = [fix for f in report.findings for fix in f.fixes]
    assert fixes and fixes[0].verified is not None, [(f.rule, f.message) for f in report.findings]
    assert wanted in apply("%%gradcheck --fix\n" + cell, fixes[0].edits)


CLIENTS = """import tensorflow as tf, keras
server = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
x, y = tf.random.normal((16, 3)), tf.random.normal((16, 1))
def train(x, y):
    own = keras.models.clone_model(server)
    own.set_weights(server.get_weights())
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((y - own(x)) ** 2)
    for v, g in zip(own.trainable_variables, tape.gradient(loss, own.trainable_variables)):
        v.assign_sub(0.1 * g)
    return own.get_weights()"""


@pytest.mark.parametrize(
    ("line", "wanted"),
    [("trained = train(x, y)", "server.set_weights(trained)"), ("trained = [train(x + i, y) for i in range(3)]", "server.set_weights([sum(ws) / len(ws) for ws in zip(*trained)])")],
)
def test_what_a_function_trained_is_handed_back(notebook: Any, line: str, wanted: str) -> None:
    notebook.run(CLIENTS)
    cell = f"{line}\ntest = float(tf.reduce_mean((y - server(x)) ** 2))"
    report = notebook.check(cell, "--fix")
    found = next(f for f in report.findings if f.rule == "step/trained-another-object")
    assert found.fixes and found.fixes[0].verified is not None
    assert apply("%%gradcheck --fix\n" + cell, found.fixes[0].edits).split("\n")[2] == wanted


ENCODER = """import tensorflow as tf, keras
class Encoder(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(4)
        self.pooler = keras.layers.Dense(4, activation="tanh")  # for classification
    def call(self, x):
        hidden = self.inner(x)
        return hidden, self.pooler(hidden)
class Tagger(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(), keras.layers.Dense(2)
    def call(self, x):
        hidden, pooled = self.encoder(x)
        return self.head(hidden)
keras.utils.set_random_seed(1)
x, y = tf.random.normal((8, 3)), tf.random.normal((8, 2))
model = Tagger()
model.compile("sgd", "mse")"""


@pytest.mark.parametrize(
    "cell", ["h = model.fit(x, y, verbose=0)", "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((model(x) - y) ** 2)\ng = tape.gradient(loss, model.trainable_variables)"]
)
def test_a_layer_that_nothing_uses_is_left_out(notebook: Any, cell: str) -> None:
    notebook.run(ENCODER)
    report = notebook.check(cell, "--fix")
    fix = next(f for f in report.findings if f.rule == "none/discarded-result").fixes[0]
    assert fix.verified is not None
    assert [e.replacement for e in fix.edits] == ['        self.pooler = keras.layers.Dense(4, activation="tanh", trainable=False)  # for classification']
    assert set(fix.verified.statuses_after.values()) == {"ok"}


def test_an_edit_of_another_cell_carries_the_lines_that_it_replaces(notebook: Any) -> None:
    source = "import tensorflow as tf\nw = tf.Variable(2.0)\ndef loss_of(x):\n    h = w * x\n    return tf.stop_gradient(h) * 2.0"
    notebook.run(source)
    report = notebook.check("with tf.GradientTape() as tape:\n    loss = loss_of(3.0)\ntape.gradient(loss, w)")
    (edit,) = report.findings[0].fixes[0].edits
    assert edit.cell != "current"
    assert edit.original == "\n".join(source.split("\n")[edit.start_line - 1 : edit.end_line]) != edit.replacement
    assert [h.lines[0].sign for h in hunks(report.findings[0].fixes[0], replace(report.findings[0], labels=()), report.cell)] == ["-"]
