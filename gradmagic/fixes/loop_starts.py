"""A `while` loop that ends before its first turn: what it waits for begins where it ends."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import code_at, fix, number_of
from gradmagic.fixes.flow import assigned, values_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

BELOW = (cst.GreaterThan, cst.GreaterThanEqual)
ABOVE = (cst.LessThan, cst.LessThanEqual)


def begun_far_off(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`residual = 0.0` and `while residual > tolerance:` → `residual = float("inf")`, of a number that the loop computes anew in each turn."""
    code = code_at(recording, place)
    loop = code.statement_at(place) if code is not None and place is not None else None
    if code is None or not isinstance(loop, cst.While):
        return ()
    for test in code.all(cst.Comparison, loop.test):
        left, right, operator = test.left, test.comparisons[0].comparator, test.comparisons[0].operator
        # `tolerance < residual` asks the same.
        waited = left if isinstance(operator, BELOW) else right if isinstance(operator, ABOVE) else None
        if len(test.comparisons) != 1 or not isinstance(waited, cst.Name) or waited.value not in assigned(loop.body):
            continue
        starts = [v for t, v in values_of(code, waited.value, code.scope(loop)) if code.end(v) < code.start(loop)]
        start = starts[-1] if starts else None
        number = start.args[0].value if isinstance(start, cst.Call) and len(start.args) == 1 else start
        counts = any(waited.value == n.value for a in code.all(cst.AugAssign, loop) for n in [a.target] if isinstance(n, cst.Name))
        # What only counts up or down is no distance.
        if number is not None and not counts and isinstance(number, cst.Float) and number_of(code.text(number)) == 0.0:
            return fix(f"let `{waited.value}` begin far off, so that the loop makes a turn", "unsafe", (code, Change().replace(number, code.expression('float("inf")'))))
    return ()
