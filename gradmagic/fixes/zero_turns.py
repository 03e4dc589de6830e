"""A loop that makes no turn, because of a number that is given elsewhere, while only its body reads a variable."""

from __future__ import annotations

import re
from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, dotted, fix, last_name
from gradmagic.fixes.flow import functions_run, pairs_of, targets_of
from gradmagic.fixes.written import written
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def one_turn(recording: Recording, run: GradientRun, sources: Iterable[int]) -> tuple[Fix, ...]:
    """`for k in range(2, self.degree)` of a layer that was made with a degree of 2: with one of 3 the loop makes a turn, and what it reads takes part."""
    known = [_attributes(recording, run, i) for i in sources]
    ran = functions_run(recording)
    numbers: dict[int, tuple[Code, cst.Integer, int, str]] = {}
    for code in cells(recording):
        for function in code.all(cst.FunctionDef):
            if (code.cell, function.name.value) not in ran:
                continue
            derived = [_derived(code, function, names) for names in known]
            for loop in (n for n in code.all(cst.For, function) if code.function(n) is function):
                if all(_reads(code, loop.body, names) for names in derived):
                    numbers |= {id(number): (where, number, least, text) for where, number, least, text in _too_small(recording, code, loop)}
    if not numbers or len({(least, text) for _, _, least, text in numbers.values()}) != 1:
        return ()
    changes: dict[int, tuple[Code, Change]] = {}
    for where, number, least, _ in numbers.values():
        changes.setdefault(id(where), (where, Change()))[1].replace(number, cst.Integer(str(least)))
    least, text = next((least, text) for _, _, least, text in numbers.values())
    return fix(f"let `{text}` be {least}, so that the loop makes a turn", "unsafe", *changes.values())


def _attributes(recording: Recording, run: GradientRun, source: int) -> set[str]:
    """What a source is called, or the layer that it belongs to: `self.alpha` and `alpha`."""
    variable, name = recording.variables.get(run.sources[source].id), run.sources[source].name
    words = {re.split(r"[/.]", name)[-1], *(variable.holders if variable is not None else ())}
    return {w for w in words if w.isidentifier()}


def _derived(code: Code, function: cst.FunctionDef, names: set[str]) -> set[str]:
    """The dotted names of a function that stand for a source, or for what is computed from it."""
    found = {f"self.{n}" for n in names} | names
    for assign in code.all(cst.Assign, function):
        for target, value in pairs_of(assign):
            if _reads(code, value, found):
                found |= targets_of(target)
    return found


def _reads(code: Code, node: cst.CSTNode, names: set[str]) -> bool:
    return any(dotted(n) in names for n in [*code.all(cst.Attribute, node), *code.all(cst.Name, node)])


def _too_small(recording: Recording, code: Code, loop: cst.For) -> list[tuple[Code, cst.Integer, int, str]]:
    """The whole numbers with which a loop over `range` makes no turn, each with the least one for which it does."""
    call = loop.iter
    if not isinstance(call, cst.Call) or last_name(call.func) != "range" or not 1 <= len(call.args) <= 2:
        return []
    start, end, more = call.args[0].value if len(call.args) == 2 else cst.Integer("0"), call.args[-1].value, 0
    if isinstance(end, cst.BinaryOperation) and isinstance(end.right, cst.Integer) and isinstance(end.operator, (cst.Add, cst.Subtract)):
        more = int(end.right.value) * (1 if isinstance(end.operator, cst.Add) else -1)
        end = end.left
    if not isinstance(start, cst.Integer) or not dotted(end):
        return []
    least = int(start.value) + 1 - more
    places = [p for value in _values(code, end) for p in written(recording, code, value)]
    return [(where, n, least, dotted(end)) for where, n in places if isinstance(n, cst.Integer) and int(n.value) < least]


def _values(code: Code, bound: cst.BaseExpression) -> list[cst.BaseExpression]:
    """What a bound is, or of an attribute of the object what its class gives it."""
    if "." not in dotted(bound):
        return [bound]
    owner = code.enclosing(bound, cst.ClassDef)
    given = [v for a in code.all(cst.Assign, owner) for t, v in pairs_of(a) if dotted(t) == dotted(bound)] if owner is not None else []
    return given if len(given) == 1 and isinstance(given[0], (cst.Name, cst.Integer)) else []
