"""Values of 0 to 255 that are bounded as if they lay in 0 to 1."""

from __future__ import annotations

import math

from gradmagic.fixes.bounds import CLIPS
from gradmagic.fixes.calls import Place, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, code_at, fix
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

# Root mean squares of pixels that are not scaled: noise about an offset of 1 is far below.
LEAST, MOST = 20.0, 255.0


def pixel_size(recording: Recording, place: Place, op: Op | None) -> float | None:
    """The root mean square of what a clip to 0 and 1 is given, where it is of the size of pixels and all of it ends at the upper bound; else None."""
    code = code_at(recording, place)
    if code is None or place is None or op is None or _clip(code, place) is None:
        return None
    beside = [o for o in recording.ops if o.span == op.span and o.seq <= op.seq + 1 and o.type in ("Minimum", "Maximum", "ClipByValue") and o.seq >= op.seq - 1]
    sizes = [s for o in beside if o.inputs and (s := _root_mean_square(recording, o.inputs[0])) is not None]
    ends = [s for o in beside if o.outputs and (s := _root_mean_square(recording, o.outputs[0])) is not None]
    if not sizes or not ends or not math.isclose(min(ends), 1.0, rel_tol=1e-3):
        return None
    return max(sizes) if LEAST <= max(sizes) <= MOST else None


def scaled_first(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`clip(x, 0.0, 1.0)` of pixels → `clip(x / 255.0, 0.0, 1.0)`."""
    code = code_at(recording, place)
    if code is None or pixel_size(recording, place, op) is None:
        return ()
    call = code.call_at(place, CLIPS) if place is not None else None
    x = text_of(code, call, 0, "t", "x") if call is not None else None
    value = next((a for a in call.args if code.text(a.value) == x), None) if call is not None else None
    if x is None or value is None:
        return ()
    return fix("scale values of 0 to 255 to the range of the bounds", "unsafe", (code, Change().replace(value.value, code.expression(f"{atom(x)} / 255.0"))))


def _clip(code: Code, place: Place) -> str | None:
    """The argument of a clip to the literals 0 and 1 that is not scaled already."""
    call = code.call_at(place, CLIPS) if place is not None else None
    if call is None or len(call.args) != 3:
        return None
    low, high = text_of(code, call, 1, "clip_value_min", "x_min"), text_of(code, call, 2, "clip_value_max", "x_max")
    x = text_of(code, call, 0, "t", "x")
    return x if low in ("0", "0.0", "0.") and high in ("1", "1.0", "1.") and x is not None and "255" not in x else None


def _root_mean_square(recording: Recording, key: int) -> float | None:
    tensor = recording.tensors.get(key)
    return tensor.root_mean_square if tensor is not None and tensor.shape else None
