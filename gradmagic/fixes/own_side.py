"""Formulas for the two sides of a bound, of which `where` picks one per element: each is given inputs of its own side."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libcst as cst

from gradmagic.fixes.calls import Place, line_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import meant, reads_of, stores_of, targets_of
from gradmagic.fixes.names import new_name
from gradmagic.fixes.numerics import ARCUS
from gradmagic.fixes.slopes import Formula, NotKnown, Slope, constant
from gradmagic.recording import Recording
from gradmagic.report import Fix

COMPARED: dict[type[cst.BaseCompOp], tuple[Callable[[float, float], bool], str]] = {
    cst.LessThan: (operator.lt, "less"),
    cst.LessThanEqual: (operator.le, "less_equal"),
    cst.GreaterThan: (operator.gt, "greater"),
    cst.GreaterThanEqual: (operator.ge, "greater_equal"),
}
# Round numbers on both sides of most bounds: the first one at which a formula is finite is written down.
HARMLESS = (0.5, 2.0, 1.0, -0.5, -2.0, -1.0, 0.1, 10.0, 0.0)
TRIED = (*HARMLESS, 0.25, 0.75, 1.5, 3.0, 30.0, 1000.0, -0.1, -0.9, -1.5, -3.0, -30.0, -1000.0)
# A name of which nothing is known, such as a parameter, is taken to be any of these.
UNKNOWN = (1.0, 0.5, 2.0)
ALSO_STEEP_AT_1 = {name for kind in ("Acosh", "Acos", "Asin", "Atanh") for name in ARCUS[kind]}
Compare = tuple[Callable[[float, float], bool], cst.BaseExpression, cst.BaseExpression]


@dataclass(frozen=True)
class _Side:
    """One branch: the lines that it is computed in, what it reads of the input there, and a number of its own side for the other one; None where it needs none."""

    branch: cst.BaseExpression
    lines: tuple[cst.Assign, ...]
    reads: tuple[cst.Name, ...]
    number: float | None


def on_its_own_side(recording: Recording, place: Place, hider: Place) -> tuple[Fix, ...]:
    """`where(x < 1, f(x), g(x))` → `f` of `where(x < 1, x, 0.5)` and `g` of `where(x < 1, 2.0, x)`, where one harmless input would not do."""
    code = code_at(recording, hider)
    outer = code.call_at(hider, ("where",)) if code is not None and hider is not None else None
    statement = line_of(code, outer) if code is not None and outer is not None else None
    if code is None or outer is None or statement is None or len(outer.args) != 3 or any(a.keyword is not None or a.star for a in outer.args):
        return ()
    condition, *branches = (a.value for a in outer.args)
    compared, scope = _comparison(code, meant(code, condition)[0]), code.scope(outer)
    x = _varied(recording, code, compared) if compared is not None else None
    if compared is None or x is None:
        return ()
    steep: list[cst.BaseExpression] = []
    try:
        sides = [_side(recording, code, branch, x, compared, holds, steep) for branch, holds in zip(branches, (True, False), strict=True)]
    except NotKnown:
        return ()
    here = code_at(recording, place)
    guilty = here.statement_at(place) if here is not None and place is not None else None
    within = here is code and guilty is not None and code.scope(guilty) is scope
    if within and len(steep) < 2 and not any(isinstance(n, cst.Call) and last_name(n.func) in ALSO_STEEP_AT_1 for n in steep):
        return ()
    return _with_own_inputs(code, outer, x, condition, [s for s in sides if s.number is not None], statement)


def _comparison(code: Code, node: cst.BaseExpression) -> Compare | None:
    """A comparison by an operator or by its function."""
    if isinstance(node, cst.Comparison) and len(node.comparisons) == 1 and type(node.comparisons[0].operator) in COMPARED:
        return COMPARED[type(node.comparisons[0].operator)][0], node.left, node.comparisons[0].comparator
    found = next((test for test, name in COMPARED.values() if isinstance(node, cst.Call) and last_name(node.func) == name), None)
    return (found, node.args[0].value, node.args[1].value) if found is not None and isinstance(node, cst.Call) and len(node.args) == 2 else None


def _varied(recording: Recording, code: Code, compared: Compare) -> str | None:
    """The one name that a mask asks about; functions and names of numbers beside it are none."""
    called = {n for side in compared[1:] for c in code.all(cst.Call, side) for n in names_in(c.func)}
    read = {name: node for side in compared[1:] for name in names_in(side) - called for node in reads_of(code, name, side)}
    varied = [n for n, node in read.items() if _number(recording, code, node) is None]
    return varied[0] if len(varied) == 1 else None


def _number(recording: Recording, code: Code, node: cst.BaseExpression) -> float | None:
    """The number that an expression is, or is a name of."""
    value, line = meant(code, node)
    if isinstance(value, (cst.Integer, cst.Float)):
        return float(value.value)
    return constant(recording, node.value) if isinstance(node, cst.Name) and line is None else None


def _side(recording: Recording, code: Code, branch: cst.BaseExpression, x: str, compared: Compare, holds: bool, steep: list[cst.BaseExpression]) -> _Side:
    """A branch, with a number at which it is finite if somewhere on the other side it is not.

    Raises:
        NotKnown: the formula, or the mask, holds something that is not computed here, or no such number is found.
    """
    lines, parts = [], [branch]
    for part in parts:
        for name in (n for read in sorted(names_in(part) - {x}) for n in reads_of(code, read, part)):
            value, line = meant(code, name)
            if line is not None and line not in lines:
                lines.append(line)
                parts.append(value)
    read = tuple(n for part in parts for n in reads_of(code, x, part))
    there = [n for n in TRIED if _picked(recording, code, compared, x, n) is not holds]
    found = [s for n in there for s in _steep_at(recording, code, branch, x, n)]
    steep += [s for s in dict.fromkeys(found) if s not in steep]
    if not found or not read:
        return _Side(branch, tuple(lines), read, None)
    number = next((n for n in _numbers(recording, code, compared) if _picked(recording, code, compared, x, n) is holds and not _steep_at(recording, code, branch, x, n)), None)
    if number is None:
        raise NotKnown
    return _Side(branch, tuple(lines), read, number)


def _numbers(recording: Recording, code: Code, compared: Compare) -> Iterator[float]:
    yield from HARMLESS
    for bound in (n for side in compared[1:] if (n := _number(recording, code, side)) is not None):
        yield from (bound / 2.0, bound * 2.0, bound + 1.0, bound - 1.0)


def _picked(recording: Recording, code: Code, compared: Compare, x: str, number: float) -> bool:
    """Whether the mask holds at a number, whatever is not known."""
    test, left, right = compared
    found = {test(*(Formula(recording, others).at(code, side, {x: Slope(number, 1.0)}).value for side in (left, right))) for others in UNKNOWN}
    if len(found) != 1:
        raise NotKnown
    return found.pop()


def _steep_at(recording: Recording, code: Code, branch: cst.BaseExpression, x: str, number: float) -> list[cst.BaseExpression]:
    """The steps of a branch that are not finite at a number."""
    formulas = [Formula(recording, others) for others in UNKNOWN]
    for formula in formulas:
        formula.at(code, branch, {x: Slope(number, 1.0)})
    return [node for formula in formulas for node in formula.steep]


def _with_own_inputs(code: Code, outer: cst.Call, x: str, condition: cst.BaseExpression, sides: list[_Side], statement: cst.SimpleStatementLine) -> tuple[Fix, ...]:
    scope = code.scope(outer)
    lines = [line for side in sides for line in side.lines if any(r in set(code.all(cst.Name, line.value)) for r in side.reads)]
    first = min([statement, *(s for line in lines if isinstance(s := code.statement(line), cst.SimpleStatementLine))], key=code.start)
    mask = condition if not any(code.start(s) >= code.start(first) for n in names_in(condition) for s in stores_of(code, n, scope)) else meant(code, condition)[0]
    moved = any(code.start(s) >= code.start(first) for n in names_in(mask) | {x} for s in stores_of(code, n, scope))
    # What both sides are made of, or what is read besides, would be changed for others too.
    shared = len(lines) != len(set(lines)) or any(not _is_only_read(code, line, sides, scope) for line in lines)
    if not sides or moved or shared or any(len(side.reads) == 0 for side in sides):
        return ()
    change, where, both = Change(), code.text(outer.func), []
    for side in sides:
        own = new_name(code, f"{x}_{side.branch.value}" if isinstance(side.branch, cst.Name) else f"{x}_{'picked' if side.branch is outer.args[1].value else 'other'}")
        inputs = f"{x}, {side.number}" if side.branch is outer.args[1].value else f"{side.number}, {x}"
        both.append(code.line(f"{own} = {where}({code.bare(mask)}, {inputs})"))
        for read in side.reads:
            change.replace(read, cst.Name(own))
    change.insert_before(first, *both)
    return fix("give each formula inputs of its own side, and a harmless one in the place of the others", "safe", (code, change))


def _is_only_read(code: Code, line: cst.Assign, sides: list[_Side], scope: cst.CSTNode) -> bool:
    """Whether what a line gives is read by the one branch that it is a line of, and by nothing else."""
    (name,) = targets_of(line.targets[0].target)
    (side,) = (s for s in sides if line in s.lines)
    inside = {n for part in (side.branch, *(other.value for other in side.lines)) for n in code.all(cst.Name, part)}
    return all(n in inside for n in reads_of(code, name, scope))
