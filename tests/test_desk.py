"""The kernel's end of *Try it*: a comm that takes two numbers and says which report they are about."""

from __future__ import annotations

import types
from typing import Any

import pytest

from gradmagic.desk import GONE, TARGET, close_desk, open_desk, serve
from tests.conftest import Notebook

SETUP = "import tensorflow as tf\nw = tf.Variable(2.0)"
CELL = "with tf.GradientTape() as tape:\n    y = w * w\na = tape.gradient(y, w)\ntry:\n    b = tape.gradient(y, w)\nexcept RuntimeError:\n    pass"


class Comm:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.closed = False

    def send(self, data: Any) -> None:
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True


def ask(**data: Any) -> Any:
    comm = Comm()
    serve(comm, {"content": {"data": data}})
    assert comm.closed and len(comm.sent) == 1
    return comm.sent[0]


def question(report: Any, finding: Any = 0, fix: Any = 0, **cell: Any) -> dict[str, Any]:
    known = {"id": report.cell.id, "execution_count": report.cell.execution_count, "source": report.cell.source}
    return {"type": "try", "finding": finding, "fix": fix, "cell": known | cell}


def test_a_fix_is_tried_and_the_answer_says_what_came_of_it(notebook: Notebook) -> None:
    notebook.run(SETUP)
    report = notebook.check(CELL)
    answer = ask(**question(report))
    assert answer["error"] is None and answer["type"] == "tried" and (answer["finding"], answer["fix"]) == (0, 0)
    assert answer["statuses_before"] == {"w": "error"} and answer["statuses_after"] == {"w": "ok"}
    assert "b" not in notebook.shell.user_ns


def test_a_report_names_its_cell_by_the_number_that_the_notebook_shows(notebook: Notebook) -> None:
    notebook.run(SETUP)
    report = notebook.check(CELL)
    assert report.cell.execution_count == notebook.result.execution_count


@pytest.mark.parametrize("other", [{"execution_count": 10**6}, {"source": "x = 1"}, {"id": "another"}])
def test_a_report_of_another_run_is_not_tried(notebook: Notebook, other: dict[str, Any]) -> None:
    notebook.run(SETUP)
    assert ask(**question(notebook.check(CELL), **other))["error"] == GONE


def test_what_is_no_number_of_a_fix_is_refused(notebook: Notebook) -> None:
    notebook.run(SETUP)
    report = notebook.check(CELL)
    for finding, fix in ((7, 0), (0, 99), (-1, 0), ("0", 0), (None, None), ("__import__('os')", 0), (True, 0)):
        assert ask(**question(report, finding, fix))["error"] == "this report has no such fix"
    assert ask(type="other") is None
    assert ask(type="try", finding=0, fix=0, cell="no cell")["error"] == GONE


def test_the_kernel_answers_while_the_extension_is_loaded(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    targets: dict[str, Any] = {}
    manager = types.SimpleNamespace(targets=targets, register_target=targets.__setitem__, unregister_target=lambda name, _: targets.pop(name))
    shell = types.SimpleNamespace(kernel=types.SimpleNamespace(comm_manager=manager))
    open_desk(shell)
    assert targets == {TARGET: serve}
    close_desk(shell)
    close_desk(shell)
    assert targets == {}
    open_desk(types.SimpleNamespace())
