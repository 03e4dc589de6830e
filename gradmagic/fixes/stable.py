"""Formulas written out by hand, in the form that stays inside the range of the dtype; and steps that leave it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, code_at, fix, last_name, same
from gradmagic.fixes.formulas import in_stable_form
from gradmagic.fixes.names import names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def without_exp(recording: Recording, place: Place, op: Op | None, *, bounded: bool = True) -> tuple[Fix, ...]:
    """`e = exp(z)` and `e / reduce_sum(e)` as a softmax; else `exp` in a form that does not overflow, with `bounded` that of an argument that is held."""
    known = in_stable_form(recording, place)
    if known:
        return known
    code, names = code_at(recording, place), names_of(recording)
    call = code.call_at(place, ("exp",)) if code is not None and place is not None else None
    if code is None or call is None or not call.args:
        return _bounded(recording, place, op) if bounded and op is not None and op.type in ("Cosh", "Sinh", "Expm1") else ()
    assign = code.enclosing(call, cst.Assign)
    target = assign.targets[0].target if assign is not None and assign.value is call else None
    softmax = names.function("softmax", call.func)
    for quotient in code.all(cst.BinaryOperation, code.scope(call)) if softmax else ():
        total = quotient.right
        if not isinstance(quotient.operator, cst.Divide) or not isinstance(total, cst.Call) or last_name(total.func) not in ("reduce_sum", "sum") or not total.args:
            continue
        named = isinstance(target, cst.Name) and isinstance(quotient.left, cst.Name) and quotient.left.value == target.value
        if (named or same(quotient.left, call)) and same(total.args[0].value, quotient.left):
            axis = argument(total, 1, "axis")
            made = recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
            # Over all of a matrix there is no softmax.
            if axis is None and made is not None and made.shape is not None and len(made.shape) != 1:
                continue
            rest = f", axis={code.text(axis.value)}" if axis is not None else ""
            return fix("use `softmax`, which is the same and does not overflow", "safe", (code, Change().replace(quotient, code.expression(f"{softmax}({code.text(call.args[0].value)}{rest})"))))
    return _bounded(recording, place, op) if bounded else ()


def _bounded(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """A bound for the argument of `exp`, `sinh`, `cosh` or `expm1`."""
    code, names = code_at(recording, place), names_of(recording)
    call = next((n for n in code.expressions_at(place) if isinstance(n, cst.Call) and last_name(n.func) in ("exp", "sinh", "cosh", "expm1")), None) if code is not None and place is not None else None
    x, clip = text_of(code, call, 0, "x") if code is not None and call is not None else None, names.function("clip", call.func) if call is not None else None
    if code is None or call is None or x is None or clip is None:
        return ()
    made = recording.tensors.get(op.outputs[0]) if op is not None and op.outputs else None
    bound = {"float16": "10.0", "float64": "700.0"}.get(made.dtype if made is not None else "float32", "80.0")
    new = code.expression(f"{code.text(call.func)}({clip}({x}, -{bound}, {bound}))")
    return fix(f"keep the argument of `{last_name(call.func)}` where its value fits the dtype", "unsafe", (code, Change().replace(call, new)))
