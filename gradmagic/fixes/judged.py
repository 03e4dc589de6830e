"""A number that a compiled model gives of itself, in the place of the loss as a tensor."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, fix, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

JUDGES = ("evaluate", "test_on_batch", "train_on_batch")
WRAPPERS = ("convert_to_tensor", "constant", "cast", "float", "array", "asarray", "float32")
KNOWN = ("x", "y", "verbose", "batch_size", "return_dict")


def judged(recording: Recording, run: GradientRun | None) -> tuple[Code, cst.Call, cst.BaseExpression] | None:
    """The call of `model.evaluate` and the like, under the tape, whose result is the target of a gradient call; and the whole expression, in which a tensor may be made of it."""
    found, block = asking(recording, run), tape_block(recording, run)
    target = argument(found[1], 0, "target") if found is not None else None
    if found is None or target is None or block is None or block[0] is not found[0]:
        return None
    code, value = found[0], target.value
    if isinstance(value, cst.Name):
        inside = assignments_of(code, value.value, block[1])
        if len(inside) != 1:
            return None
        # `loss, accuracy = …` has another target, and `assignments_of` passes it over.
        value = inside[0].value
    inner: cst.BaseExpression = value
    while isinstance(inner, cst.Call) and last_name(inner.func) in WRAPPERS and inner.args:
        inner = inner.args[0].value
    return (code, inner, value) if isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute) and last_name(inner.func) in JUDGES else None


def computed_loss(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`model.evaluate(x, y)` → `model.compute_loss(y=y, y_pred=model(x, training=True))`."""
    found = judged(recording, run)
    if found is None:
        return ()
    code, call, whole = found
    x, y = argument(call, 0, "x"), argument(call, 1, "y")
    assert isinstance(call.func, cst.Attribute)
    if x is None or y is None or len([a for a in call.args if a.keyword is None]) > 2 or any(a.star or (a.keyword is not None and a.keyword.value not in KNOWN) for a in call.args):
        return ()
    model = code.text(call.func.value)
    new = f"{model}.compute_loss(y={code.text(y.value)}, y_pred={model}({code.text(x.value)}, training=True))"
    return fix("compute the loss of `compile` as a tensor", "unsafe", (code, Change().replace(whole, code.expression(new))))
