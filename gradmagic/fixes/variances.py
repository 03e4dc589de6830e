"""A variance as the difference of two large numbers, which is rounded below 0: from the differences to the mean it is never negative."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place, rest_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, same
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.numerics import SQRT, epsilon_of, takes_negatives, value_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

MEANS, SUMS, SQUARES = ("reduce_mean", "mean"), ("reduce_sum", "sum"), ("square", "pow", "power")


@dataclasses.dataclass(frozen=True)
class Mean:
    """`reduce_mean(of, …)`, or `reduce_sum(of, …) / count`."""

    call: cst.Call
    of: cst.BaseExpression
    count: cst.BaseExpression | None


def from_differences(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`sqrt(mean(square(x)) - square(mean(x)))` of what is negative → `sqrt(mean(square(x - mean(x))) + 1e-12)`, also by names."""
    code, names = code_at(recording, place), names_of(recording)
    root = code.call_at(place, SQRT) if code is not None and place is not None else None
    given = argument(root, 0, "x") if root is not None else None
    if code is None or given is None or not takes_negatives(recording, op):
        return ()
    difference = value_of(code, given.value) if isinstance(given.value, cst.Name) else given.value
    found = _variance(code, difference) if isinstance(difference, cst.BinaryOperation) and isinstance(difference.operator, cst.Subtract) else None
    if found is None or not isinstance(difference, cst.BinaryOperation):
        return ()
    squared, x, mean = found
    new = _square_of(code, squared, f"{code.text(x)} - {atom(code.bare(mean))}", names)
    if new is None:
        return ()
    small = cst.Float(epsilon_of(recording, op))
    change = Change().replace(squared, code.expression(new))
    if difference is given.value:
        change.replace(difference, lambda n: n.with_changes(operator=cst.Add(), right=small))
    else:
        change.replace(difference, lambda n: n.left).replace(given.value, cst.BinaryOperation(given.value, cst.Add(), small))  # type: ignore[attr-defined]
    return fix("compute the variance from the differences to the mean, which is never rounded below 0", "unsafe", (code, change))


def _variance(code: Code, difference: cst.BinaryOperation) -> tuple[cst.BaseExpression, cst.BaseExpression, cst.BaseExpression] | None:
    """The square under the first mean, what is squared, and the mean that is squared behind the minus sign; None for another difference."""
    first, mean = _mean(difference.left), _squared(difference.right)
    x = _squared(first.of) if first is not None else None
    second = _mean(value_of(code, mean) if isinstance(mean, cst.Name) else mean)
    if first is None or second is None or x is None or mean is None or not same(second.of, x) or last_name(first.call.func) != last_name(second.call.func):
        return None
    alike = rest_of(code, first.call, 1) == rest_of(code, second.call, 1)
    counted = first.count is second.count or (first.count is not None and second.count is not None and same(first.count, second.count))
    return (first.of, x, mean) if alike and counted and _fits(code, first.call) else None


def _mean(node: cst.BaseExpression | None) -> Mean | None:
    if isinstance(node, cst.Call) and last_name(node.func) in MEANS and node.args and node.args[0].keyword is None:
        return Mean(node, node.args[0].value, None)
    total = node.left if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide) else None
    if isinstance(node, cst.BinaryOperation) and isinstance(total, cst.Call) and last_name(total.func) in SUMS and total.args and total.args[0].keyword is None:
        return Mean(total, total.args[0].value, node.right)
    return None


def _squared(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """What is squared."""
    if isinstance(node, cst.BinaryOperation):
        twice = isinstance(node.operator, cst.Power) and isinstance(node.right, (cst.Integer, cst.Float)) and float(node.right.value) == 2.0
        return node.left if twice or (isinstance(node.operator, cst.Multiply) and same(node.left, node.right)) else None
    if not isinstance(node, cst.Call) or last_name(node.func) not in SQUARES or not node.args:
        return None
    exponent = argument(node, 1, "y", "x2")
    alone = last_name(node.func) == "square" and len(node.args) == 1
    return node.args[0].value if alone or (exponent is not None and isinstance(exponent.value, (cst.Integer, cst.Float)) and float(exponent.value.value) == 2.0) else None


def _square_of(code: Code, node: cst.BaseExpression, text: str, names: Names) -> str | None:
    """A square with another base."""
    if isinstance(node, cst.Call):
        return f"{code.text(node.func)}({text}{rest_of(code, node, 1)})"
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Power):
        return f"({text}) ** {code.text(node.right)}"
    square = names.function("square")
    return f"{square}({text})" if square is not None else None


def _fits(code: Code, call: cst.Call) -> bool:
    """Whether the mean can be taken away from what it was taken of: it keeps its axes, is a single number, or goes along the first axis."""
    axis, kept = argument(call, 1, "axis"), argument(call, 2, "keepdims", "keep_dims")
    return axis is None or code.text(axis.value) == "0" or (kept is not None and code.text(kept.value) == "True")
