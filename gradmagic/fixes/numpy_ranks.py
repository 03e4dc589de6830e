"""Ranks that NumPy computes inside of a call: soft ranks, which have a gradient."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import substituted
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, atom, code_at, fix, last_name
from gradmagic.fixes.names import names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

CASTS = ("astype", "float32", "float64", "asarray", "array")


def soft_ranks(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`numpy_function(lambda a: 1 + np.argsort(np.argsort(a)), [v], tf.float32)` → the same of sums of sigmoids of all differences (Qin et al. 2010: a general approximation framework for ranking measures)."""
    code, tf = code_at(recording, place), names_of(recording).tf
    call = code.call_at(place, ("numpy_function", "py_function")) if code is not None and place is not None else None
    function, given = (argument(call, 0, "func"), argument(call, 1, "inp")) if call is not None else (None, None)
    if code is None or call is None or tf is None or function is None or given is None or not isinstance(function.value, cst.Lambda) or not isinstance(given.value, (cst.List, cst.Tuple)):
        return ()
    parameters = [p.name.value for p in function.value.params.params]
    if len(parameters) != 1 or len(given.value.elements) != 1:
        return ()
    body: cst.BaseExpression = function.value.body
    while isinstance(body, cst.Call) and last_name(body.func) in CASTS:
        body = body.func.value if last_name(body.func) == "astype" and isinstance(body.func, cst.Attribute) else body.args[0].value
    ranks = next((c for c in code.all(cst.Call, body) if last_name(c.func) == "argsort" and c.args and isinstance(inner := c.args[0].value, cst.Call) and last_name(inner.func) == "argsort"), None)
    if ranks is None or len(code.all(cst.Call, body)) != 2 or any(len(c.args) != 1 for c in code.all(cst.Call, body)):
        return ()
    v = atom(code.text(given.value.elements[0].value))
    soft = f"{tf}.reduce_sum({tf}.sigmoid(({v}[..., :, None] - {v}[..., None, :]) / 0.1), axis=-1)"
    rest = body.deep_replace(ranks, cst.Name("RANKS")) if body is not ranks else cst.Name("RANKS")
    written = substituted(code, rest.with_changes(lpar=[], rpar=[]), {"RANKS": soft})  # type: ignore[arg-type,union-attr]
    return fix("compare soft ranks, a sum of sigmoids of all differences", "unsafe", (code, Change().replace(call, code.expression(written))))
