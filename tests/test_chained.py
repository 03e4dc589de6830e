"""Fixes that take two edits: found by what the edited cell shows, and written as edits of the cells as they are."""

from __future__ import annotations

import linecache
import random
from typing import Any

from gradmagic.capture.aside import _moved
from gradmagic.capture.spans import Spans
from gradmagic.chained import edits_between
from gradmagic.report import Edit

SOLVER = """import numpy as np, tensorflow as tf
k, c = tf.Variable(1.0), tf.Variable(0.1)
seen = np.cos(np.linspace(0.0, 1.0, 6)).astype("float32")
def slope(s):
    return np.array([s[1], -k * s[0] - c * s[1]])
def path():
    s = np.array([1.0, 0.0])
    found = [s[0]]
    for _ in range(5):
        s = s + 0.2 * slope(s)
        found.append(s[0])
    return np.array(found)
"""
ASKED = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((path() - seen) ** 2)
grads = tape.gradient(loss, [k, c])
"""


def _edited(text: str, edits: tuple[Edit, ...]) -> str:
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda e: -e.start_line):
        lines[edit.start_line - 1 : edit.end_line] = edit.replacement.split("\n") if edit.replacement else []
    return "\n".join(lines)


def test_two_edits_become_one_fix(notebook: Any) -> None:
    cell = notebook.shell.execution_count
    notebook.run(SOLVER)
    untried = notebook.check(ASKED).findings[0]
    finding = notebook.check(ASKED, "--fix").findings[0]
    assert finding.rule == untried.rule == "none/left-tensorflow"
    assert [e.start_line for e in untried.fixes[0].edits] == [5]
    (fix,) = finding.fixes
    assert fix.verified is not None and set(fix.verified.statuses_after.values()) == {"ok"}
    assert [(e.cell, e.start_line, e.original) for e in fix.edits] == [(cell, 5, "    return np.array([s[1], -k * s[0] - c * s[1]])"), (cell, 12, "    return np.array(found)")]
    # The fix alone is what it says: applied by hand, the gradients are there.
    notebook.run(_edited(SOLVER, fix.edits))
    assert {v.status for v in notebook.check(ASKED).calls[0].variables} == {"ok"}


def test_a_second_edit_that_does_not_help_is_not_shown(notebook: Any) -> None:
    # What `weigh` hands back is cut to whole numbers, and no edit is known for that.
    notebook.run(SOLVER + "def weigh(x):\n    return tf.cast(tf.cast(x * 10.0, tf.int32) // 3, tf.float32)\n")
    report = notebook.check(ASKED.replace("path() - seen", "weigh(path()) - seen"), "--fix")
    assert all(f.verified is not None and set(f.verified.statuses_after.values()) == {"ok"} for found in report.findings for f in found.fixes)


def test_edits_between_two_forms_make_one_of_the_other() -> None:
    chance = random.Random(4)
    for _ in range(300):
        old = [f"line {chance.randrange(6)}" for _ in range(chance.randrange(1, 9))]
        new = list(old)
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(new) + 1)
            new[at : at + chance.randrange(3)] = [f"new {chance.randrange(9)}" for _ in range(chance.randrange(3))]
        new = new or ["pass"]
        edits = edits_between({7: "\n".join(old)}, {7: "\n".join(new)})
        assert _edited("\n".join(old), edits).split("\n") == new or not any(new)
        assert all(e.original == "\n".join(old[e.start_line - 1 : e.end_line]) for e in edits)


def test_the_lines_of_an_edited_cell_are_known_where_they_stand_then() -> None:
    text = "a = 1\nb = 2\nc = 3\n"
    linecache.cache["<a cell>"] = (len(text), None, text.splitlines(keepends=True), "<a cell>")
    try:
        moved = _moved({"<a cell>": 3, "<another>": 4}, {}, {3: "a = 1\nfirst = 0\nb = 2\nc = 4\n"})
        spans = Spans({"<a cell>": 3}, moved=moved)
        assert [spans.at("<a cell>", line).line for line in (1, 2)] == [1, 3]
        assert (spans.at("<a cell>", 2).cell, spans.at("<a cell>", 2).code) == (3, "b = 2")
    finally:
        linecache.cache.pop("<a cell>")
