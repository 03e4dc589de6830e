"""Resizing whose gradient is differentiated again: TensorFlow has no second derivative of it, and the repetition of pixels has all of them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import call_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix
from gradmagic.fixes.layers import layer_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

RESIZING = ("ResizeNearestNeighbor", "ResizeBilinear", "ResizeBicubic", "ResizeArea", "ScaleAndTranslate")
PLAIN = ("height", "width", "interpolation", "name")


def repeated_pixels(recording: Recording) -> tuple[Fix, ...]:
    """`Resizing(8, 8)` of pictures of 4 by 4 pixels → `UpSampling2D(2)`, and `tf.image.resize` → `tf.repeat`; none where one of the resizings is by no whole number."""
    changes: dict[int, tuple[Code, Change]] = {}
    same_values = True
    for op in resizings(recording):
        times = _times(recording, op)
        found = layer_of(recording, op) if op.layer is not None else _call_of(recording, op)
        new = _repeated(found[0], found[1], times, names_of(recording)) if found is not None and times is not None else None
        if found is None or new is None:
            return ()
        changes.setdefault(id(found[0]), (found[0], Change()))[1].replace(found[1], new)
        same_values = same_values and op.type == "ResizeNearestNeighbor"
    return fix("resize by repeating the pixels, which can be differentiated twice", "safe" if same_values else "unsafe", *changes.values())


def resizings(recording: Recording) -> list[Op]:
    """The ops that change the size of pictures going forward."""
    return [op for op in recording.ops if op.phase == "forward" and op.type in RESIZING]


def _times(recording: Recording, op: Op) -> tuple[int, int] | None:
    """How many times higher and wider the pictures become, where these are whole numbers."""
    tensors = [recording.tensors.get(key) for key in (op.inputs[0], op.outputs[0])]
    before, after = (t.shape if t is not None else None for t in tensors)
    if before is None or after is None or len(before) != 4 or len(after) != 4 or op.attributes.get("align_corners"):
        return None
    pairs = [(b, a) for b, a in zip(before[1:3], after[1:3], strict=True) if b and a and a % b == 0]
    return (pairs[0][1] // pairs[0][0], pairs[1][1] // pairs[1][0]) if len(pairs) == 2 else None


def _call_of(recording: Recording, op: Op) -> tuple[Code, cst.Call] | None:
    code = code_at(recording, op.span)
    call = call_of(code, op.span, ("resize",))
    return (code, call) if code is not None and call is not None else None


def _repeated(code: Code, call: cst.Call, times: tuple[int, int], names: Names) -> cst.BaseExpression | None:
    kind = names.module(call.func).rpartition(".")[2]
    if kind == "UpSampling2D":
        how = argument(call, 2, "interpolation")
        return call.deep_replace(how.value, cst.SimpleString('"nearest"')) if how is not None else None  # type: ignore[return-value]
    if kind == "Resizing":
        named = argument(call, None, "name")
        if any(a.star or (a.keyword is not None and a.keyword.value not in PLAIN) for a in call.args):
            return None
        prefix = code.text(call.func).rpartition(".")[0] or (f"{names.keras}.layers" if names.keras else None)
        size = str(times[0]) if times[0] == times[1] else f"({times[0]}, {times[1]})"
        rest = f", name={code.text(named.value)}" if named is not None else ""
        return code.expression(f"{prefix}.UpSampling2D({size}{rest})") if prefix else None
    pictures = argument(call, 0, "images")
    if kind != "resize" or pictures is None or names.tf is None:
        return None
    rows = f"{names.tf}.repeat({code.bare(pictures.value)}, {times[0]}, axis=1)"
    return code.expression(f"{names.tf}.repeat({rows}, {times[1]}, axis=2)")
