"""`x != nan`, which is True for every element, as a question that finds NaN, with numbers in its place before anything is computed."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import code_at, fix
from gradmagic.fixes.names import names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def asked_with_is_nan(recording: Recording, place: Place, op: Op, position: int) -> tuple[Fix, ...]:
    """`known = tf.not_equal(y, nan)` → `known = tf.logical_not(tf.math.is_nan(y))`, and then `y` with zeros where it is NaN."""
    code, tf = code_at(recording, place), names_of(recording).tf
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or place is None or tf is None or not isinstance(statement, cst.SimpleStatementLine):
        return ()
    unequal = op.type == "NotEqual"
    call = code.call_at(place, ("not_equal",) if unequal else ("equal",))
    found: cst.BaseExpression | None = call
    sides = [a.value for a in call.args[:2]] if call is not None and all(a.keyword is None for a in call.args[:2]) else []
    if call is None:
        kind = cst.NotEqual if unequal else cst.Equal
        written = [c for c in code.all(cst.Comparison, statement) if len(c.comparisons) == 1 and isinstance(c.comparisons[0].operator, kind)]
        found = written[0] if len(written) == 1 else None
        sides = [written[0].left, written[0].comparisons[0].comparator] if len(written) == 1 else []
    if found is None or len(sides) != 2 or not isinstance(sides[position], cst.Name):
        return ()
    value = code.text(sides[position])
    missing = f"{tf}.math.is_nan({value})"
    asked = f"{tf}.logical_not({missing})" if unequal else missing
    filled = code.line(f"{value} = {tf}.where({missing}, {tf}.zeros_like({value}), {value})")
    change = Change().replace(found, code.expression(asked)).insert_after(statement, filled)
    return fix("look for NaN with `is_nan`, and put zeros in its place behind the question", "unsafe", (code, change))
