"""Optimizers that scale the loss, in loops of one's own."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, body_of, tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, code_at, fix
from gradmagic.fixes.names import new_name
from gradmagic.recording import GradientRun, Recording, Update
from gradmagic.report import Fix
from gradmagic.syntax import text_at


def is_unscaled(recording: Recording, update: Update) -> bool:
    """Whether an optimizer that scales the loss is called by the user's code, and no line scales a loss for it."""
    called = update.span is not None and "apply" in (text_at(recording, update.span) or "")
    return update.type == "LossScaleOptimizer" and called and not any("scale_loss" in text or "get_scaled_loss" in text for text in recording.code.values())


def with_scaled_loss(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """`tape.gradient(loss, …)` → `scaled_loss = optimizer.scale_loss(loss)` at the end of the tape's block, and `tape.gradient(scaled_loss, …)`."""
    found, asked, where = tape_block(recording, run), asking(recording, run), code_at(recording, place)
    applied = where.call_at(place, ("apply_gradients", "apply")) if where is not None and place is not None else None
    target = argument(asked[1], 0, "target") if asked is not None else None
    if found is None or asked is None or asked[0] is not found[0] or where is None or applied is None or target is None:
        return ()
    code, block, _ = found
    if not isinstance(applied.func, cst.Attribute) or not isinstance(target.value, cst.Name):
        return ()
    name = new_name(code, f"scaled_{target.value.value}")
    line = code.line(f"{name} = {where.text(applied.func.value)}.scale_loss({target.value.value})")
    change = Change().insert_after(body_of(block)[-1], line).replace(target.value, cst.Name(name))
    return fix("differentiate the loss that the optimizer has scaled", "unsafe", (code, change))
