"""Negative powers and reciprocal roots of arrays that reach 0, as in the degrees of a graph: infinite there, and 0 where infinity stands in the place of 0."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, fix, last_name, number_of
from gradmagic.fixes.flow import values_of
from gradmagic.fixes.mapped import is_safe
from gradmagic.fixes.names import Names
from gradmagic.recording import Numbers
from gradmagic.report import Fix

POWERS = ("power", "float_power", "pow")
# What is not negative, whatever it is computed of.
NOT_NEGATIVE = ("var", "std", "nanstd", "nanvar", "norm", "abs", "absolute", "fabs", "square", "count_nonzero", "bincount")
Power = cst.Call | cst.BinaryOperation


def powers_in(code: Code, function: cst.CSTNode, within: cst.CSTNode | None = None) -> Iterator[Power]:
    """The negative powers and the reciprocal roots in a function, or in some of its code, that nothing keeps away from 0."""
    nodes: list[Power] = [*code.all(cst.Call, within or function), *code.all(cst.BinaryOperation, within or function)]
    for node in nodes:
        base = base_of(node)
        if base is not None and not is_safe(code, base, function):
            yield node


def base_of(node: cst.CSTNode) -> cst.BaseExpression | None:
    """What makes `np.power(d, -0.5)`, `d ** -1`, `np.reciprocal(d)` and `1 / np.sqrt(d)` infinite where it is 0; None for anything else."""
    if isinstance(node, cst.BinaryOperation):
        if isinstance(node.operator, cst.Power) and (_exponent(node.right) or 0.0) < 0.0:
            return node.left
        root = node.right if isinstance(node.operator, cst.Divide) else None
        return root.args[0].value if isinstance(root, cst.Call) and last_name(root.func) == "sqrt" and len(root.args) == 1 else None
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or not node.args:
        return None
    power = argument(node, 1, "x2") if last_name(node.func) in POWERS else None
    negative = last_name(node.func) == "reciprocal" or (power is not None and (_exponent(power.value) or 0.0) < 0.0)
    return node.args[0].value if negative and node.args[0].keyword is None else None


def _is_whole(node: Power) -> bool:
    """Whether a power is one of negative numbers too, as -1 is."""
    power = node.right if isinstance(node, cst.BinaryOperation) else argument(node, 1, "x2")
    written = power.value if isinstance(power, cst.Arg) else power
    return written is None or (_exponent(written) or 0.5).is_integer()


def is_defined(code: Code, node: Power, data: list[Numbers]) -> bool:
    """Whether a power is one of numbers that are not negative, or of any number, so that only 0 can make it infinite."""
    base = base_of(node)
    if base is None:
        return False
    made = [v for _, v in values_of(code, base.value)] if isinstance(base, cst.Name) else [base]
    return _is_whole(node) or all(isinstance(m, cst.Call) and last_name(m.func) in NOT_NEGATIVE for m in made) or all(numbers.min >= 0.0 for numbers in data)


def zero_at_zero(code: Code, node: Power, names: Names) -> tuple[Fix, ...]:
    """`np.power(d, -0.5)` → `np.power(np.where(d > 0, d, np.inf), -0.5)`."""
    base = base_of(node)
    if base is None or names.numpy is None or "\n" in code.text(base):
        return ()
    text = code.bare(base)
    tested = text if isinstance(base, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)) else f"({text})"
    new = f"{names.numpy}.where({tested} {'!=' if _is_whole(node) else '>'} 0, {text}, {names.numpy}.inf)"
    return fix("let the result be 0 where this is 0: a negative power of infinity is 0", "unsafe", (code, Change().replace(base, code.expression(new))))


def _exponent(node: cst.BaseExpression) -> float | None:
    if isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Minus):
        inner = _exponent(node.expression)
        return -inner if inner is not None else None
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Divide):
        over, under = _exponent(node.left), _exponent(node.right)
        return over / under if over is not None and under else None
    return number_of(node.value) if isinstance(node, (cst.Integer, cst.Float)) else None
