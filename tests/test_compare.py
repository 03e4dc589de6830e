"""What got better and what got worse since a cell's last run."""

from __future__ import annotations

import dataclasses
from typing import Any

from gradmagic.compare import compare, previous
from gradmagic.render.html import to_html
from gradmagic.render.markdown import to_markdown
from gradmagic.render.text import to_text
from gradmagic.report import Report
from tests.render.reports import stop_gradient


def _with(report: Report, **statuses: str) -> Report:
    rows = tuple(dataclasses.replace(v, status=statuses.get(v.name, v.status)) for v in report.calls[0].variables)
    return dataclasses.replace(report, calls=(dataclasses.replace(report.calls[0], variables=rows),))


def test_better_worse_and_gone() -> None:
    before = stop_gradient()
    after = dataclasses.replace(_with(before, b="ok", w="nan"), findings=())
    since = compare(before, after)
    assert [(c.name, c.before, c.after, c.kind) for c in since.changes] == [("w", "ok", "nan", "worse"), ("b", "none", "ok", "better")]
    assert since.resolved == ("none/stop-gradient",) and since.new == ()
    assert compare(after, before).new == ("none/stop-gradient",)
    assert compare(before, before).changes == ()


def test_a_variable_that_is_not_asked_for_any_more() -> None:
    before = stop_gradient()
    call = dataclasses.replace(before.calls[0], variables=before.calls[0].variables[:1])
    since = compare(before, dataclasses.replace(before, calls=(call,)))
    assert [(c.name, c.before, c.after, c.kind) for c in since.changes] == [("b", "none", None, "other")]


def test_the_same_cell_is_found_by_its_id_or_by_its_text() -> None:
    first = stop_gradient()
    other = dataclasses.replace(first, cell=dataclasses.replace(first.cell, id="another"))
    assert previous(first, [first, other]) is first
    plain = dataclasses.replace(first, cell=dataclasses.replace(first.cell, id=None))
    edited = dataclasses.replace(plain, cell=dataclasses.replace(plain.cell, source=plain.cell.source.replace("tf.stop_gradient(b)", "b")))
    unlike = dataclasses.replace(plain, cell=dataclasses.replace(plain.cell, source="%%gradcheck\nmodel.fit(x, y)"))
    assert previous(edited, [plain, unlike]) is plain
    assert previous(unlike, [plain]) is None


def test_every_view_says_it() -> None:
    before = stop_gradient()
    after = _with(before, b="ok")
    report = dataclasses.replace(after, since=compare(before, after))
    for view in (to_text(report), to_markdown(report), to_html(report)):
        assert "since the last run:" in view and "None → ok (better)" in view
    assert Report.from_json(report.to_json()) == report
    assert "since the last run" not in to_text(before)


def test_hostile_names_stay_text() -> None:
    before = stop_gradient()
    named = dataclasses.replace(before.calls[0].variables[1], name="<img src=x onerror=alert(1)>")
    call = dataclasses.replace(before.calls[0], variables=(named,))
    old = dataclasses.replace(before, calls=(call,))
    new = dataclasses.replace(old, calls=(dataclasses.replace(call, variables=(dataclasses.replace(named, status="ok"),)),))
    assert "<img src=x" not in to_html(dataclasses.replace(new, since=compare(old, new)))


def test_a_cell_that_runs_again_is_compared(notebook: Any) -> None:
    notebook.run("import tensorflow as tf\na, b = tf.Variable(1.0), tf.Variable(2.0)")
    cell = "with tf.GradientTape() as tape:\n    loss = a * {}\ngrads = tape.gradient(loss, [a, b])"
    first = notebook.check(cell.format("tf.stop_gradient(b)"))
    second = notebook.check(cell.format("b"))
    assert second.since is not None
    assert [(c.name, c.before, c.after, c.kind) for c in second.since.changes] == [("b", "none", "ok", "better")]
    assert first.since is None or not any(c.name == "b" and c.after == "ok" for c in first.since.changes)


def test_a_model_that_is_made_anew_is_the_same_model(notebook: Any) -> None:
    make = "import tensorflow as tf, keras\nnet = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(4), keras.layers.Dense(1)])\nx = tf.ones((2, 3))"
    cell = "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum({})\ngrads = tape.gradient(loss, net.trainable_variables)"
    notebook.run(make)
    first = notebook.check(cell.format("net(x)"))
    notebook.run(make)
    again = notebook.check(cell.format("net(x)"))
    names = [[v.name for v in report.calls[0].variables] for report in (first, again)]
    assert not set(names[0]) & set(names[1]) and again.since is not None
    assert again.since.changes == ()
    notebook.run(make)
    cut = notebook.check(cell.format("net.layers[2](tf.stop_gradient(net.layers[1](net.layers[0](x))))"))
    assert [(c.before, c.after, c.kind) for c in cut.since.changes] == [("ok", "none", "worse")] * 4
