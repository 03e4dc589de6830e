"""A model that was made of an object which the notebook has made again since: it is made again, too."""

from __future__ import annotations

from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, dotted, fix, names_in
from gradmagic.fixes.flow import assigned
from gradmagic.recording import Recording
from gradmagic.report import Fix

Line = tuple[Code, cst.SimpleStatementLine]


def made_of_the_new(recording: Recording, models: Iterable[str], asked: Iterable[str]) -> tuple[Fix, ...]:
    """`base = make()`, `model = Model(inputs, head(base(inputs)))`, `base = make()` → the second line once more, behind the third."""
    for name, used in ((n, m) for n in asked for m in models if m != n):
        lines = _lines_of(recording, name)
        makers = [line for line in _lines_of(recording, used) if isinstance(line[1].body[0], cst.Assign) and name in names_in(line[1].body[0].value)]
        if len(lines) < 2 or len(makers) != 1:
            continue
        order = {id(line[1]): _order(line) for line in (*lines, *makers)}
        first, last, between = lines[0], lines[-1], makers[0]
        if not order[id(first[1])] < order[id(between[1])] < order[id(last[1])] or used in names_in(between[1].body[0].value):  # type: ignore[attr-defined]
            continue
        code, statement = last
        behind = list(code.module.body)
        behind = behind[behind.index(statement) + 1 :]
        # What goes on with the new object (its weights, whether it is trained) belongs to it.
        for step in behind:
            if not (isinstance(step, cst.SimpleStatementLine) and dotted(_subject(step)).partition(".")[0] == name):
                break
            statement = step
        again = between[1].with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())
        return fix(f"make `{used}` again, of the new `{name}`", "unsafe", (code, Change().insert_after(statement, again)))
    return ()


def _lines_of(recording: Recording, name: str) -> list[Line]:
    """The lines of the notebook that give a name its value, in the order in which the cells ran."""
    found: list[Line] = []
    for code in cells(recording):
        lines = [s for s in code.module.body if isinstance(s, cst.SimpleStatementLine) and len(s.body) == 1]
        found += [(code, s) for s in lines if isinstance(s.body[0], cst.Assign) and name in assigned(s)]
    return sorted(found, key=_order)


def _order(line: Line) -> tuple[int, int, int]:
    code, statement = line
    return (1, 0, code.start(statement)[0]) if code.cell == "current" else (0, int(code.cell), code.start(statement)[0])


def _subject(step: cst.SimpleStatementLine) -> cst.CSTNode:
    """What a line calls a method of, or sets an attribute of."""
    first = step.body[0]
    if isinstance(first, cst.Assign):
        target = first.targets[0].target
        return target if isinstance(target, cst.Attribute) else cst.Name("_")
    return first.value.func if isinstance(first, cst.Expr) and isinstance(first.value, cst.Call) else cst.Name("_")
