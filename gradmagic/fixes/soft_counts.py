"""Counts of truth values as sums of numbers between 0 and 1."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

ROUNDINGS = ("round", "rint")
# What is counted of these is true or false.
TRUTHS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or", "logical_not", "is_nan", "is_finite", "is_inf")


def counted(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`count_nonzero(a > b)` as a sum of sigmoids; of conditions joined by `&`, the one that ends the gradient becomes soft in every count of the function."""
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, ("count_nonzero",)) if code is not None and place is not None else None
    inner = argument(call, 0, "input", "x") if call is not None else None
    total, sigmoid = names.function("reduce_sum", call.func if call is not None else None), names.function("sigmoid", call.func if call is not None else None)
    if code is None or call is None or inner is None or not total or not sigmoid or place is None:
        return ()
    if isinstance(inner.value, cst.Comparison):
        soft = _soft(code, inner.value, sigmoid)
        return fix("count softly, by a sum of sigmoids", "unsafe", (code, Change().replace(call, code.expression(f"{total}({soft})")))) if soft is not None else ()
    cut = next((n for n in code.expressions_at(place) if isinstance(n, cst.Comparison)), None)
    if cut is None:
        return _by_size(code, call, inner.value, names, total)
    change, subject = Change(), code.text(cut.left)
    for other in code.all(cst.Call, code.scope(call)):
        given = argument(other, 0, "input", "x") if last_name(other.func) == "count_nonzero" else None
        if given is None or not any(code.text(c.left) == subject for c in code.all(cst.Comparison, given)):
            continue
        text = _product(code, given.value, subject, sigmoid, names)
        if text is None:
            return ()
        change.replace(other, code.expression(f"{total}({text})"))
    return fix("count softly, by a sum of sigmoids", "unsafe", (code, change)) if change.replaced else ()


def _by_size(code: Code, call: cst.Call, counted: cst.BaseExpression, names: Names, total: str) -> tuple[Fix, ...]:
    """`count_nonzero(w)` as `reduce_sum(abs(w))`."""
    magnitude = names.function("abs", call.func)
    axis = argument(call, 1, "axis")
    if magnitude is None or len(call.args) != 1 + (axis is not None) or (isinstance(counted, cst.Call) and last_name(counted.func) in TRUTHS):
        return ()
    rest = f", axis={code.text(axis.value)}" if axis is not None else ""
    return fix("sum up the absolute values, which count by their size", "unsafe", (code, Change().replace(call, code.expression(f"{total}({magnitude}({code.text(counted)}){rest})"))))


def _product(code: Code, node: cst.BaseExpression, subject: str, sigmoid: str, names: Names) -> str | None:
    """Conditions joined by `&` as a product of numbers."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitAnd):
        left, right = (_product(code, n, subject, sigmoid, names) for n in (node.left, node.right))
        return None if left is None or right is None else f"{left} * {right}"
    if isinstance(node, cst.Comparison) and code.text(node.left) == subject:
        return _soft(code, node, sigmoid)
    cast = f"{names.tf}.cast" if names.tf else f"{names.ops}.cast"
    text = code.text(node.with_changes(lpar=[], rpar=[]) if getattr(node, "lpar", None) else node)
    return f'{cast}({text}, "float32")' if isinstance(node, cst.Comparison) else None


def _soft(code: Code, comparison: cst.Comparison, sigmoid: str) -> str | None:
    """`a > b` as `sigmoid(a - b)`; a rounding of `a` is left out."""
    if len(comparison.comparisons) != 1:
        return None
    operator = comparison.comparisons[0].operator
    sides = [_unrounded(n) for n in (comparison.left, comparison.comparisons[0].comparator)]
    left, right = (code.text(n) for n in sides)
    if isinstance(operator, (cst.LessThan, cst.LessThanEqual)):
        left, right = right, left
    elif not isinstance(operator, (cst.GreaterThan, cst.GreaterThanEqual)):
        return None
    return f"{sigmoid}({atom(left)} - {atom(right)})"


def _unrounded(node: cst.BaseExpression) -> cst.BaseExpression:
    return node.args[0].value if isinstance(node, cst.Call) and last_name(node.func) in ROUNDINGS and len(node.args) == 1 else node
