"""Divisors that are roots: at 0 neither the quotient nor the root has a derivative."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import code_at, fix, last_name
from gradmagic.fixes.names import names_of
from gradmagic.fixes.numerics import NORM, SQRT, STD, epsilon_of, gentler, takes_negatives, value_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def divided_by_root(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`x / tf.norm(x)` and `x / tf.math.reduce_std(x)`, also by a name, with a small number under the root."""
    code, names = code_at(recording, place), names_of(recording)
    for node in code.expressions_at(place) if code is not None and place is not None else ():
        if code is None or not isinstance(node, cst.BinaryOperation) or not isinstance(node.operator, cst.Divide):
            continue
        divisor = value_of(code, node.right) if isinstance(node.right, cst.Name) else node.right
        name = last_name(divisor.func) if isinstance(divisor, cst.Call) else ""
        if not isinstance(divisor, cst.Call) or name not in (*SQRT, *NORM, *STD):
            return ()
        if name in SQRT and takes_negatives(recording, op):
            # A small number more does not lift what is below 0.
            return ()
        new = gentler(code, divisor, name, names, epsilon_of(recording, op))
        return fix(f"keep the divisor above 0, by a small number under the root of `{name}`", "unsafe", (code, Change().replace(divisor, code.expression(new)))) if new is not None else ()
    return ()
