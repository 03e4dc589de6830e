"""The contrast and the saturation of pictures, for which TensorFlow has no gradient, written down."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, call_of, line_of, text_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, fix, last_name
from gradmagic.fixes.names import new_name
from gradmagic.recording import Recording
from gradmagic.report import Applicability, Fix

CONTRAST = ("adjust_contrast", "random_contrast", "stateless_random_contrast")
SATURATION = ("adjust_saturation", "random_saturation", "stateless_random_saturation")
OPS = ("AdjustContrastv2", "AdjustSaturation")


def written_down(recording: Recording, code: Code, place: Place, tf: str) -> tuple[Fix, ...]:
    """`adjust_contrast(x, f)` → `mean + (x - mean) * f`; the factor of the random forms is drawn as they draw it."""
    call = call_of(code, place, (*CONTRAST, *SATURATION))
    x = text_of(code, call, 0, "images", "image") if call is not None else None
    factor = _factor(recording, code, call, place, tf, x) if call is not None and x is not None else None
    if call is None or x is None or factor is None:
        return ()
    change, name = Change(), last_name(call.func)
    if code.all(cst.Call, code.expression(x)):
        # A layer runs once, and what it draws is the same in all three places.
        line = line_of(code, call)
        if line is None:
            return ()
        given, x = x, new_name(code, "pictures")
        factor = factor.replace(given, x)
        change.insert_before(line, code.line(f"{x} = {given}"))
    if name in CONTRAST:
        centre, title, exact = f"{tf}.reduce_mean({x}, axis=(-3, -2), keepdims=True)", "write the contrast down: the distance from each channel's mean", True
    else:
        centre, exact = f"{tf}.reduce_max({x}, axis=-1, keepdims=True)", False
        title = "write the saturation down: the distance from each pixel's largest channel (without a bound at full saturation)"
    # In a graph, what is drawn depends on how many ops there are before.
    how: Applicability = "safe" if exact and not name.startswith("random") else "unsafe"
    return fix(title, how, (code, change.replace(call, code.expression(f"{centre} + ({x} - {centre}) * {factor}"))))


def _factor(recording: Recording, code: Code, call: cst.Call, place: Place, tf: str, x: str) -> str | None:
    """The factor of an adjustment, or how a random one is drawn."""
    name = last_name(call.func)
    if name.startswith("adjust"):
        given = text_of(code, call, 1, "contrast_factor", "saturation_factor")
        return atom(given) if given is not None else None
    low, high, seed = text_of(code, call, 1, "lower"), text_of(code, call, 2, "upper"), text_of(code, call, 3, "seed")
    if low is None or high is None:
        return None
    if name.startswith("stateless"):
        drawn = f"{tf}.random.stateless_uniform([], {seed}, {low}, {high})" if seed is not None else None
    else:
        drawn = f"{tf}.random.uniform([], {low}, {high}{f', seed={seed}' if seed is not None else ''})"
    # What is drawn in another dtype is another number.
    return f"{tf}.cast({drawn}, {atom(x)}.dtype)" if drawn is not None and _is_converted(recording, place) else drawn


def _is_converted(recording: Recording, place: Place) -> bool:
    """Whether the pictures are not of the ordinary dtype, to which they are brought for the op."""
    ops = [o for o in recording.ops if o.type in OPS and o.span is not None and place is not None and (o.span.cell, o.span.line) == (place.cell, place.line)]
    before = recording.producer.get(ops[0].inputs[0]) if ops else None
    given = recording.tensors.get(before.inputs[0] if before is not None and before.type == "Cast" else ops[0].inputs[0]) if ops else None
    return given is not None and given.dtype != "float32"
