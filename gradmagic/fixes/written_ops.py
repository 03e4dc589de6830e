"""Ops that TensorFlow has no gradient for, written with ops that have one: counts by weights, colours."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import line_of, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, fix
from gradmagic.fixes.names import new_name
from gradmagic.report import Fix

COUNTED = {"arr", "weights", "minlength", "maxlength", "axis", "name"}


def summed_by_segment(code: Code, call: cst.Call | None, tf: str) -> tuple[Fix, ...]:
    """`bincount(index, weights)` → a sum of the weights by segment, or, for the rows of a matrix, of one-hot vectors."""
    if call is None or not {a.keyword.value for a in call.args if a.keyword is not None} <= COUNTED:
        return ()
    index, weights = text_of(code, call, 0, "arr"), text_of(code, call, 1, "weights")
    shortest, longest, axis = text_of(code, call, 2, "minlength"), text_of(code, call, 3, "maxlength"), argument(call, 6, "axis")
    if index is None or weights is None:
        return ()
    # Both bounds are taken where they are one number; one bound alone leaves room for indices that are not in this run.
    length, exact = longest or shortest or f"{tf}.reduce_max({index}) + 1", not (shortest or longest)
    if axis is None:
        new, title = f"{tf}.math.unsorted_segment_sum({weights}, {index}, {length})", "sum the weights by segment"
    elif code.text(axis.value) == "-1":
        new, title = f"{tf}.reduce_sum({tf}.one_hot({index}, {length}) * {atom(weights)}[..., {tf}.newaxis], axis=-2)", "sum the weights of one-hot vectors"
    else:
        return ()
    return fix(title, "safe" if exact or shortest == longest else "unsafe", (code, Change().replace(call, code.expression(new))))


def largest_of_rows(code: Code, call: cst.Call | None, tf: str) -> tuple[Fix, ...]:
    """`sparse.reduce_max(x, axis=1)` of a matrix → the largest value of each segment."""
    given, axis = (argument(call, 0, "sp_input"), argument(call, 1, "axis")) if call is not None else (None, None)
    if call is None or given is None or axis is None or len(call.args) != 2 or not isinstance(given.value, (cst.Name, cst.Attribute)) or not code.text(call.func).endswith("sparse.reduce_max"):
        return ()
    kept = {"1": "0", "-1": "0", "0": "1"}.get(code.text(axis.value))
    x = code.text(given.value)
    new = f"{tf}.math.unsorted_segment_max({x}.values, {x}.indices[:, {kept}], {x}.dense_shape[{kept}])"
    return fix("take the largest value of each segment, which has a gradient", "unsafe", (code, Change().replace(call, code.expression(new)))) if kept is not None else ()


def colours_of_hues(code: Code, call: cst.Call | None, tf: str) -> tuple[Fix, ...]:
    """`hsv_to_rgb(x)` by its formula: a ramp of the hue for each of the three channels."""
    given = text_of(code, call, 0, "images") if call is not None else None
    line = line_of(code, call) if call is not None else None
    if call is None or given is None or line is None:
        return ()
    hue, saturation, value, ramp = (new_name(code, wanted) for wanted in ("hue", "saturation", "value", "ramp"))
    change = Change().insert_before(
        line,
        code.line(f"{hue}, {saturation}, {value} = {tf}.split({given}, 3, axis=-1)"),
        code.line(f"{ramp} = {tf}.clip_by_value({tf}.abs({tf}.math.floormod(6.0 * {hue} + [0.0, 4.0, 2.0], 6.0) - 3.0) - 1.0, 0.0, 1.0)"),
    )
    return fix("write the colours down: a ramp of the hue for each channel", "unsafe", (code, change.replace(call, code.expression(f"{value} * (1.0 - {saturation} * (1.0 - {ramp}))"))))
