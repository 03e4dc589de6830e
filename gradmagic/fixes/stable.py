"""Formulas written out by hand, in the form that stays inside the range of the dtype; and steps that leave it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import code_at, fix, last_name
from gradmagic.fixes.formulas import in_stable_form
from gradmagic.fixes.names import names_of
from gradmagic.fixes.written_softmax import as_softmax
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def without_exp(recording: Recording, place: Place, op: Op | None, *, bounded: bool = True) -> tuple[Fix, ...]:
    """`e = exp(z)` and `e / reduce_sum(e)` as a softmax; else `exp` in a form that does not overflow, with `bounded` that of an argument that is held."""
    known = as_softmax(recording, place, op) or in_stable_form(recording, place)
    if known:
        return known
    code = code_at(recording, place)
    call = code.call_at(place, ("exp",)) if code is not None and place is not None else None
    exponential = (call is not None and bool(call.args)) or (op is not None and op.type in ("Cosh", "Sinh", "Expm1"))
    return _bounded(recording, place, op) if bounded and exponential else ()


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
