"""Weights that a class makes and no line reads."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

MAKERS = ("add_weight", "Variable")


def without_weights(recording: Recording, run: GradientRun, sources: Iterable[int]) -> tuple[Fix, ...]:
    """`self.extra = self.add_weight(…)` of a class in which no line reads `self.extra`: without that line."""
    wanted = {run.sources[i].name.rpartition("/")[2].rpartition(".")[2] for i in sources}
    found = [(code, name, statement) for code in cells(recording) for name, statement in _unread(recording, code) if name in wanted]
    if len(found) != len(wanted) or {name for _, name, _ in found} != wanted:
        return ()
    changes: dict[int, tuple[Code, Change]] = {}
    for code, _, statement in found:
        changes.setdefault(id(code), (code, Change()))[1].remove(statement)
    return fix("leave out the weight that nothing reads", "unsafe", *changes.values())


def _unread(recording: Recording, code: Code) -> list[tuple[str, cst.SimpleStatementLine]]:
    """The names of weights that are made under an attribute which is read in no cell, with the statements that make them."""
    read = {a.attr.value for c in cells(recording) for a in c.all(cst.Attribute) if not isinstance(c.parent(a), cst.AssignTarget)}
    found = []
    for assign, name in weights_in(code):
        statement = code.statement(assign)
        if last_name(assign.targets[0].target) not in read and isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
            found.append((name, statement))
    return found


def weights_in(code: Code, within: cst.CSTNode | None = None) -> list[tuple[cst.Assign, str]]:
    """The assignments of weights to attributes, each with the name that the weight has."""
    found = []
    for assign in code.all(cst.Assign, within):
        target, value = assign.targets[0].target, assign.value
        if len(assign.targets) == 1 and isinstance(target, cst.Attribute) and isinstance(value, cst.Call) and last_name(value.func) in MAKERS:
            named = argument(value, None, "name")
            found.append((assign, str(named.value.evaluated_value) if named is not None and isinstance(named.value, cst.SimpleString) else target.attr.value))
    return found
