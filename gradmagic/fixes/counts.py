"""Averages over a count that can be 0: weights are set from them only where something was counted."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, dotted, fix, last_name
from gradmagic.fixes.flow import pairs_of
from gradmagic.recording import GradientRun, Recording, Variable
from gradmagic.report import Fix

SETTING = ("set_weights", "assign")


def only_where_counted(recording: Recording, run: GradientRun, variable: Variable | None) -> tuple[Fix, ...]:
    """`model.set_weights([t / self.count for t in self.total])` under `if self.count:`, where `self.count` begins at 0 and grows under a condition.

    Every element is NaN then, as 0 / 0 leaves it: of all weights, or of the one variable that a line of the checked cell assigned.
    """
    written = {(a.span.cell, a.span.line) for a in recording.assignments if variable is not None and a.variable == variable.id and a.span is not None}
    known = cells(recording)
    counters = {name for code in known for name in _counters(known, code)}
    found = [(code, statement, name) for code in known for statement, name in _averages(code, counters)]
    here = [f for f in found if (f[0].cell, f[0].start(f[1])[0]) in written]
    found = here or [f for f in found if f[0].cell != "current" and last_name(_call(f[1]).func) == "set_weights"]
    bad = [s.value for s in run.sources if variable is not None and (s.id == variable.id or not here)]
    if not bad or not all(v is not None and v.size and v.nans == v.size for v in bad):
        return ()
    if len(found) != 1:
        return ()
    code, statement, name = found[0]
    guarded = cst.If(test=code.expression(name), body=cst.IndentedBlock([statement.with_changes(leading_lines=[])]), leading_lines=statement.leading_lines)
    return fix(f"set the weights only where `{name}` is not 0", "unsafe", (code, Change().replace(statement, guarded)))


def _call(statement: cst.SimpleStatementLine) -> cst.Call:
    step = statement.body[0]
    assert isinstance(step, cst.Expr) and isinstance(step.value, cst.Call)
    return step.value


def _counters(known: list[Code], code: Code) -> Iterator[str]:
    """What is given 0 in its first line, is counted up under a condition, and is given nothing else."""
    grown = {dotted(a.target) for a in code.all(cst.AugAssign) if isinstance(a.operator, cst.AddAssign)} - {""}
    for name in grown:
        steps = [(c, a) for c in known for a in c.all(cst.AugAssign) if dotted(a.target) == name]
        starts = [value for c in known for a in c.all(cst.Assign) for target, value in pairs_of(a) if dotted(target) == name]
        if starts and all(isinstance(v, (cst.Integer, cst.Float)) and float(v.evaluated_value) == 0 for v in starts) and all(c.enclosing(a, cst.If) is not None for c, a in steps):
            yield name


def _averages(code: Code, counters: set[str]) -> Iterator[tuple[cst.SimpleStatementLine, str]]:
    """The statements that set weights to something divided by a counter, which no condition around them asks for."""
    for statement in code.all(cst.SimpleStatementLine):
        step = statement.body[0]
        if len(statement.body) > 1 or not isinstance(step, cst.Expr) or not isinstance(step.value, cst.Call) or last_name(step.value.func) not in SETTING:
            continue
        tests = [n.test for n in code.around(statement) if isinstance(n, (cst.If, cst.While))]
        asked = {dotted(n) for t in tests for n in (*code.all(cst.Name, t), *code.all(cst.Attribute, t))}
        divided = {name for node in code.all(cst.BinaryOperation, statement) if isinstance(node.operator, cst.Divide) and (name := _count(node.right)) in counters}
        if len(divided) == 1 and not divided & asked:
            yield statement, divided.pop()


def _count(divisor: cst.BaseExpression) -> str:
    """The name of a divisor, also where it is converted: `np.float32(self.count)`."""
    if isinstance(divisor, cst.Call) and divisor.args and last_name(divisor.func) in ("float", "float32", "float64", "cast", "constant", "int"):
        divisor = divisor.args[0].value
    return dotted(divisor)
