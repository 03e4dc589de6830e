"""Weights that a class always makes and reads only under a condition that is settled when an object is made."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, fix, last_name, same
from gradmagic.fixes.never_read import weights_in
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

SETTLED = (cst.Comparison, cst.ComparisonTarget, cst.BooleanOperation, cst.UnaryOperation, cst.BaseNumber, cst.SimpleString, cst.Attribute, cst.Name)


def made_where_read(recording: Recording, run: GradientRun, sources: Iterable[int]) -> tuple[Fix, ...]:
    """`self.table = self.add_weight(…)` of a class that reads it only under `if self.speakers > 1:` is made under the same condition."""
    wanted = {run.sources[i].name.rpartition("/")[2].rpartition(".")[2] for i in sources}
    made = [(code, owner, assign, name) for code in cells(recording) for owner in code.all(cst.ClassDef) for assign, name in weights_in(code, owner.body) if name in wanted]
    if len(made) != len(wanted) or {name for *_, name in made} != wanted:
        return ()
    rows: list[tuple[Code, cst.BaseExpression, list[cst.SimpleStatementLine]]] = []
    for code, owner, assign, _ in made:
        test, statement = _condition(recording, code, owner, last_name(assign.targets[0].target)), code.statement(assign)
        if test is None or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1 or not _follows(code, owner, statement, test):
            return ()
        if rows and rows[-1][0] is code and same(rows[-1][1], test) and _next_to(code, rows[-1][2][-1], statement):
            rows[-1][2].append(statement)
        else:
            rows.append((code, test, [statement]))
    changes: dict[int, tuple[Code, Change]] = {}
    for code, test, statements in rows:
        change = changes.setdefault(id(code), (code, Change()))[1]
        block = cst.IndentedBlock([statements[0].with_changes(leading_lines=[]), *statements[1:]])
        change.replace(statements[0], cst.If(test, block, leading_lines=statements[0].leading_lines))
        for other in statements[1:]:
            change.remove(other)
    names = " and ".join(f"`self.{last_name(a.targets[0].target)}`" for _, _, a, _ in made)
    return fix(f"make {names} only where {'it is' if len(made) == 1 else 'they are'} read", "unsafe", *changes.values())


def _next_to(code: Code, first: cst.CSTNode, second: cst.CSTNode) -> bool:
    block = code.parent(first)
    return isinstance(block, cst.IndentedBlock) and any(a is first and b is second for a, b in itertools.pairwise(block.body))


def _condition(recording: Recording, code: Code, owner: cst.ClassDef, attribute: str) -> cst.BaseExpression | None:
    """The settled condition of the class under which alone an attribute is read."""
    for branch in code.all(cst.If, owner.body):
        side = _side(recording, code, branch, attribute)
        if side is None or code.enclosing(branch, cst.ClassDef) is not owner or not _is_settled(recording, code, owner, branch.test):
            continue
        return branch.test if side else cst.UnaryOperation(cst.Not(), branch.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()]))
    return None


def _is_settled(recording: Recording, code: Code, owner: cst.ClassDef, test: cst.BaseExpression) -> bool:
    """Whether a condition is made of attributes that `__init__` gives a value once, and nothing gives another, and of constants."""
    attributes = {a.attr.value for a in code.all(cst.Attribute, test)}
    inside = {n for a in code.all(cst.Attribute, test) for n in (a.value, a.attr)}
    plain = [n for n in code.all(cst.Name, test) if n not in inside and n.value not in ("True", "False", "None")]
    if not attributes or plain or any(not isinstance(n, SETTLED) for n in code.all(cst.BaseExpression, test)):
        return False
    if any(not isinstance(a.value, cst.Name) or a.value.value != "self" for a in code.all(cst.Attribute, test)):
        return False
    stored = [(c, t) for c in cells(recording) for t in _targets(c) if t.attr.value in attributes]
    first = [t for c, t in stored if c is code and c.enclosing(t, cst.ClassDef) is owner and (f := c.function(t)) is not None and f.name.value == "__init__"]
    return len(stored) == len(first) == len(attributes)


def _targets(code: Code) -> list[cst.Attribute]:
    """The attributes that a cell gives a value."""
    stored = [t.target for a in code.all(cst.Assign) for t in a.targets] + [a.target for a in code.all(cst.AugAssign)] + [a.target for a in code.all(cst.AnnAssign)]
    parts = [e.value for t in stored if isinstance(t, (cst.Tuple, cst.List)) for e in t.elements]
    return [t for t in (*stored, *parts) if isinstance(t, cst.Attribute)]


def _side(recording: Recording, code: Code, branch: cst.If, attribute: str) -> bool | None:
    """Under which outcome of the condition an attribute is read; None where it is read elsewhere too."""
    reads = [a for c in cells(recording) for a in c.all(cst.Attribute) if a.attr.value == attribute and not isinstance(c.parent(a), cst.AssignTarget)]
    inside = {True: set(code.all(cst.Attribute, branch.body)), False: set(code.all(cst.Attribute, branch.orelse)) if branch.orelse is not None else set()}
    return next((side for side, nodes in inside.items() if reads and all(r in nodes for r in reads)), None)


def _follows(code: Code, owner: cst.ClassDef, statement: cst.SimpleStatementLine, test: cst.BaseExpression) -> bool:
    """Whether a statement in `__init__` or `build` comes after the attributes of the condition have their values."""
    function = code.function(statement)
    if function is None or function.name.value not in ("__init__", "build") or code.parent(statement) is not function.body:
        return False
    attributes = {a.attr.value for a in code.all(cst.Attribute, test)}
    given = [t for t in _targets(code) if t.attr.value in attributes and code.enclosing(t, cst.ClassDef) is owner]
    return function.name.value == "build" or all(code.end(t) < code.start(statement) for t in given)
