"""The similarity of pictures at several scales, which is infinitely steep for pictures that are unlike, at one scale."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, code_at, fix, last_name
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix


def at_one_scale(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`tf.image.ssim_multiscale(a, b, max_val)` → `tf.image.ssim(a, b, max_val)`.

    Over several scales the similarities are raised to powers below 1 and multiplied, and negative ones are set to 0 before. Small numbers added to the pictures change nothing in that.
    """
    code = code_at(recording, place)
    call = next(iter(code.expressions_at(place)), None) if code is not None and place is not None else None
    if code is None or not isinstance(call, cst.Call) or last_name(call.func) != "ssim_multiscale" or op is None or op.type != "Pow" or any(a.star for a in call.args):
        return ()
    powers = argument(call, 3, "power_factors")
    single = without_argument(call, powers) if powers is not None else call
    named = isinstance(call.func, cst.Attribute) and last_name(call.func.value) == "image"
    if not named or not isinstance(single.func, cst.Attribute):
        return ()
    new = single.with_changes(func=single.func.with_changes(attr=cst.Name("ssim")))
    return fix("compare the pictures at one scale, where the similarity has a slope for pictures that are unlike too", "unsafe", (code, Change().replace(call, new)))
