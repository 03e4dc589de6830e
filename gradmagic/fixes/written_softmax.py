"""A softmax that is written out: exponentials, divided by their sum."""

from __future__ import annotations

import dataclasses
import re

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, names_in, number_of, same
from gradmagic.fixes.flow import meant, reads_of, stores_of, targets_of
from gradmagic.fixes.formulas import OTHERS
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

SUMS = ("reduce_sum", "sum")
DIVIDING = ("divide", "truediv", "divide_no_nan", "true_divide")
LEAST = 0.01
SMALL = re.compile(r"(.*_)?(eps|epsilon|tiny)")
Quotient = cst.BinaryOperation | cst.Call | cst.AugAssign


@dataclasses.dataclass(frozen=True)
class _Written:
    """The quotient (or the `e /= …` that is one), its exponential and its sum, the lines that give these two a name, and whether the softmax is the very same."""

    quotient: Quotient
    exponential: cst.Call
    total: cst.Call
    named: tuple[cst.Assign, ...]
    exact: bool


def as_softmax(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`e = exp(z)` and `e / reduce_sum(e, axis=-1, keepdims=True)` → `softmax(z, axis=-1)`, whatever has a name of its own; lines that nothing else reads go."""
    code, names = code_at(recording, place), names_of(recording)
    at = code.expressions_at(place) if code is not None and place is not None else []
    guilty = next((n for n in at if isinstance(n, (cst.Call, cst.BinaryOperation))), None)
    guilty = code.call_at(place, ("exp",)) or guilty if code is not None and place is not None else None
    if code is None or guilty is None:
        return ()
    # A sum has fewer axes than what is divided by it.
    keys = () if op is None else op.inputs if op.type == "Sum" else op.outputs
    made = recording.tensors.get(keys[0]) if keys else None
    rank = len(made.shape) if made is not None and made.shape is not None else None
    scope = code.scope(guilty)
    quotients: list[Quotient] = [*code.all(cst.BinaryOperation, scope), *code.all(cst.Call, scope), *code.all(cst.AugAssign, scope)]
    for node in quotients:
        found = _written(code, names, node, rank)
        function = names.function("softmax", found.exponential.func) if found is not None else None
        if found is None or function is None or not ({guilty} & {found.quotient, found.total, found.exponential} or same(guilty, found.exponential)):
            continue
        axis = argument(found.total, 1, "axis")
        rest = f", axis={code.text(axis.value)}" if axis is not None else ""
        elsewhere = {n.value for c in cells(recording) if c is not code and scope is code.module for n in c.all(cst.Name)}
        change = _in_its_place(code, found, elsewhere, code.expression(f"{function}({code.bare(found.exponential.args[0].value)}{rest})"))
        what = "which is the same and does not overflow" if found.exact else "which does not overflow"
        return fix(f"use `softmax`, {what}", "safe" if found.exact else "unsafe", (code, change)) if change is not None else ()
    return ()


def _written(code: Code, names: Names, node: Quotient, rank: int | None) -> _Written | None:
    """The softmax that a quotient is."""
    halves = _halves(node)
    if halves is None:
        return None
    above, first = meant(code, halves[0])
    below, second = meant(code, halves[1])
    exact = not (isinstance(node, cst.Call) and last_name(node.func) == "divide_no_nan")
    if isinstance(below, cst.BinaryOperation) and isinstance(below.operator, cst.Add) and _is_small(code, below.right):
        below, exact = below.left, False
    if not _is_exp(names, above) or not isinstance(below, cst.Call) or last_name(below.func) not in SUMS or not below.args:
        return None
    assert isinstance(above, cst.Call)
    summed, third = meant(code, below.args[0].value)
    lines = tuple(dict.fromkeys(a for a in (first, second, third) if a is not None))
    # Under its name it is the very value that is divided; written twice, it is the same where nothing that it is made of changes in between.
    if not (summed is above or (same(summed, above) and first is None and third is None)) or not _sums_its_rows(below, rank):
        return None
    changed = {n for n in names_in(above.args[0].value) for a in stores_of(code, n, code.scope(node)) if code.start(above) < code.start(a) < code.start(node) and a is not first}
    return None if changed or code.function(above) is not code.function(node) else _Written(node, above, below, lines, exact)


def _halves(node: Quotient) -> tuple[cst.BaseExpression, cst.BaseExpression] | None:
    """What is divided, and by what."""
    if isinstance(node, cst.AugAssign):
        return (node.target, node.value) if isinstance(node.operator, cst.DivideAssign) and isinstance(node.target, cst.Name) else None
    if isinstance(node, cst.BinaryOperation):
        return (node.left, node.right) if isinstance(node.operator, cst.Divide) else None
    plain = len(node.args) == 2 and not any(a.star or a.keyword for a in node.args)
    return (node.args[0].value, node.args[1].value) if plain and last_name(node.func) in DIVIDING else None


def _is_exp(names: Names, node: cst.BaseExpression) -> bool:
    """Whether an expression is the exponential of TensorFlow or Keras."""
    return isinstance(node, cst.Call) and last_name(node.func) == "exp" and len(node.args) == 1 and not node.args[0].star and names.module(node.func).partition(".")[0] not in OTHERS


def _is_small(code: Code, node: cst.BaseExpression) -> bool:
    """Whether something that is added keeps a sum from 0 and does no more."""
    number = number_of(code.text(node))
    return 0.0 <= number <= LEAST if number is not None else SMALL.match(last_name(node.func if isinstance(node, cst.Call) else node).lower()) is not None


def _sums_its_rows(total: cst.Call, rank: int | None) -> bool:
    """Whether each element is divided by the sum that it is in: the summed axis is kept, or is the first one, or the only one."""
    axis, kept = argument(total, 1, "axis"), argument(total, 2, "keepdims")
    whole = axis is None or isinstance(axis.value, (cst.List, cst.Tuple)) or last_name(axis.value) == "None"
    first = axis is not None and isinstance(axis.value, cst.Integer) and axis.value.value == "0"
    # Over all of a matrix there is no softmax.
    return rank == 1 or (not whole and (first or (kept is not None and last_name(kept.value) == "True")))


def _in_its_place(code: Code, found: _Written, elsewhere: set[str], softmax: cst.BaseExpression) -> Change | None:
    """The softmax for the quotient. Where the exponential takes its argument's own name, or is divided in place, its line must go, so that nothing else may read it, in other cells neither (`elsewhere`)."""
    scope, node = code.scope(found.quotient), found.quotient
    statement = code.statement(node)
    assert statement is not None
    unread = all(_is_read_by(code, line, found, statement, scope) and not targets_of(line.targets[0].target) & elsewhere for line in found.named)
    needed = isinstance(node, cst.AugAssign) or any(targets_of(a.targets[0].target) & names_in(a.value) for a in found.named)
    if needed and not unread:
        return None
    change = Change()
    if isinstance(node, cst.AugAssign):
        change.replace(node, cst.Assign([cst.AssignTarget(node.target)], softmax))
    else:
        change.replace(node, softmax)
    for assign in found.named if unread else ():
        line = code.statement(assign)
        if line is not None:
            change.remove(line)
    return _with_comments(code, change)


def _is_read_by(code: Code, line: cst.Assign, found: _Written, statement: cst.CSTNode, scope: cst.CSTNode) -> bool:
    """Whether the name that a line gives is read by the softmax and by nothing else, until it is given another value."""
    (name,) = targets_of(line.targets[0].target)
    inside = {n for part in (found.quotient, *found.named) for n in code.all(cst.Name, part)}
    others = [n for n in reads_of(code, name, scope) if n not in inside and code.start(n) > code.start(line)]
    repeated = next((n for n in code.around(line) if isinstance(n, (cst.For, cst.While))), None)
    if stores_of(code, name, statement):
        others = [n for n in others if code.start(n) < code.end(statement)]
    elif repeated is not None:
        others += [n for n in reads_of(code, name, repeated) if n not in inside]
    return not others and len(code.statement(line).body) == 1  # type: ignore[union-attr, arg-type]


def _with_comments(code: Code, change: Change) -> Change:
    """What is said above a line that goes is said above the one behind it."""
    for line in sorted(change.removed, key=code.start, reverse=True):
        block = list(getattr(code.parent(line), "body", ()))
        later = [s for s in block[block.index(line) + 1 :] if s not in change.removed]
        above = list(getattr(line, "leading_lines", ()))
        if later and any(above_line.comment is not None for above_line in above):
            first, known = later[0], change.replaced.get(later[0])

            def moved(node: cst.CSTNode, above: list[cst.EmptyLine] = above, known: object = known) -> cst.CSTNode:
                node = known(node) if callable(known) else node
                return node.with_changes(leading_lines=[*above, *getattr(node, "leading_lines", ())])

            change.replace(first, moved)
    return change
