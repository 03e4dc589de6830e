"""The step of a difference quotient, where it is lost beside the value that it is added to."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import code_at, fix
from gradmagic.fixes.written import written
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

# Between the rounding of the difference (about 1e-7 of the value, over the step) and the curve of the function within it.
PART = {"float32": 1e-3, "float64": 1e-6}


def larger_step(recording: Recording, added: Op) -> tuple[Fix, ...]:
    """`h=1e-12` → `h=1e-3` for values of about 1 in float32, wherever the number is written."""
    value = recording.tensors.get(added.inputs[0])
    size, part = (value.root_mean_square, PART.get(value.dtype)) if value is not None else (None, None)
    code = code_at(recording, added.span)
    if code is None or added.span is None or not size or part is None:
        return ()
    sums = [n for n in code.expressions_at(added.span) if isinstance(n, cst.BinaryOperation) and isinstance(n.operator, (cst.Add, cst.Subtract))]
    for node in sums:
        places = list(written(recording, code, node.right))
        if len(places) == 1 and isinstance(places[0][1], cst.BaseNumber):
            where, number = places[0]
            new = f"1e{round(math.log10(size * part)):d}"
            if float(where.text(number)) < float(new):
                # A number that has no name stands in the quotient once more.
                alike = where.all(cst.BaseNumber, where.statement(number)) if number is node.right else [number]
                change = Change()
                for other in alike:
                    if where.text(other) == where.text(number):
                        change.replace(other, cst.Float(new))
                return fix(f"take a step of {new}, which is not lost", "unsafe", (where, change))
    return ()
