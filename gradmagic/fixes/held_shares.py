"""Probabilities that are exactly 0 or 1: held between the two where they are made, for all that a loss computes with them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, line_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, fix, last_name, names_in, parameters_of
from gradmagic.fixes.flow import assignments_of, meant
from gradmagic.fixes.names import names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

LOGARITHMS = ("log", "log2", "log10")
POWERS = ("pow", "power")
SMALL = "1e-7"


def held_shares(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`(1 - p) ** g * log(p)` with `p` = 0 or 1 → `p = tf.clip_by_value(p, 1e-7, 1.0 - 1e-7)` in front: a bound inside of the logarithm leaves the power steep."""
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, LOGARITHMS) if code is not None and place is not None else None
    if code is None or call is None or not call.args or not _is_share(recording, op):
        return ()
    share = next((n for n in code.all(cst.Name, call.args[0].value) if isinstance(call.args[0].value, cst.Name) or _is_rest(code, call.args[0].value, n)), None)
    clip = names.function("clip", call.func)
    if share is None or clip is None:
        return ()
    scope = code.scope(call)
    powers = [p for p in _bases(code, scope) if share.value in names_in(p)]
    statement = line_of(code, call)
    if not powers or statement is None:
        return ()
    held = f"{clip}({{}}, {SMALL}, 1.0 - {SMALL})"
    title = f"hold `{share.value}` between 0 and 1, for the power as for the logarithm"
    value, assign = meant(code, share)
    if assign is not None and all(code.start(p) > code.end(assign) for p in powers):
        return fix(title, "unsafe", (code, Change().replace(value, code.expression(held.format(code.bare(value))))))
    function = code.function(call)
    if function is None or share.value not in parameters_of(function) or assignments_of(code, share.value, function) or not isinstance(function.body, cst.IndentedBlock):
        return ()
    first = next(s for s in function.body.body if not _is_doc(s))
    return fix(title, "unsafe", (code, Change().insert_before(first, code.line(f"{share.value} = {held.format(share.value)}"))))


def _bases(code: Code, scope: cst.CSTNode) -> list[cst.BaseExpression]:
    written = [n.left for n in code.all(cst.BinaryOperation, scope) if isinstance(n.operator, cst.Power)]
    return written + [c.args[0].value for c in code.all(cst.Call, scope) if last_name(c.func) in POWERS and c.args]


def _is_rest(code: Code, node: cst.BaseExpression, name: cst.Name) -> bool:
    """Whether an expression is `1 - p`."""
    return isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Subtract) and node.right is name and code.text(node.left) in ("1", "1.", "1.0")


def _is_share(recording: Recording, op: Op | None) -> bool:
    """Whether all that a logarithm is given is known to lie in [0, 1]."""
    given = recording.tensors.get(op.inputs[0]) if op is not None and op.inputs else None
    return given is not None and given.numbers is not None and given.numbers.min >= 0.0 and given.numbers.max <= 1.0


def _is_doc(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Expr) and isinstance(statement.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
