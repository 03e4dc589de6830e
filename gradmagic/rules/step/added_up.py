"""What an optimizer does with gradients before it applies them: it adds them up over several steps, or clips them."""

from __future__ import annotations

import math

from gradmagic.assignments import rebinds_loop_name
from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import values_behind
from gradmagic.recording import AddedUp, Recording, Update
from gradmagic.report import Finding
from gradmagic.rules.phrasing import code, finding, listing, number

# The largest numbers of the dtypes: beyond the root of that, a square is infinite.
LARGEST = {"float16": 65504.0, "bfloat16": 3.38e38, "float32": 3.4e38, "float64": 1.79e308}


def adds_up(update: Update) -> AddedUp | None:
    """What an optimizer adds up, where no step of the cell applied it."""
    known = update.added_up
    return known if known is not None and known.before < known.after and known.before // known.every == known.after // known.every else None


def still_added_up(fault: Fault, update: Update) -> Finding | None:
    known = adds_up(update)
    if known is None:
        return None
    steps, waiting = known.after - known.before, known.after % known.every
    optimizer, left = code(update.optimizer or "the optimizer"), known.every - waiting
    before = f", with those of earlier cells {waiting}" if waiting != steps else ""
    never = known.after < known.every
    return finding(
        "step/update-without-effect",
        fault,
        f"{listing(fault.names)} {'was' if len(fault.names) == 1 else 'were'} not updated: the optimizer adds up the gradients of {known.every} steps first, and {'this cell has made' if before else 'there were'} {steps}",
        update.span,
        f"adds gradients up, {waiting} of {known.every} so far",
        f"With `gradient_accumulation_steps={known.every}`, {optimizer} only adds the gradients up in most steps, and updates the variables with every {known.every}th. "
        f"This cell made {steps} step{'' if steps == 1 else 's'}{before}: the update would come {left} step{'' if left == 1 else 's'} later"
        + (", and so far this optimizer has never made one." if never else "."),
        # One step is a look at the optimizer and no training.
        severity="warning" if never and steps > 1 else "note",
        help=(f"add up fewer steps than are made (`gradient_accumulation_steps` of at most {waiting}), or make more" if waiting > 1 else "make more steps")
        + f": smaller batches, more epochs; if training goes on with {optimizer} in a later cell, the sum is kept until then",
    )


def clipped_to_zero(fault: Fault, update: Update) -> tuple[str, str, str] | None:
    """The end of a message, why, and what helps, where a clip divides by a norm that is beyond the dtype; None elsewhere."""
    if not update.clips.startswith("clipnorm=") or fault.run is None:
        return None
    norms = [(n.norm, LARGEST.get(fault.run.sources[i].dtype)) for i in fault.sources if (n := fault.run.gradients[i].numbers) is not None]
    if not norms or any(largest is None or norm <= math.sqrt(largest) for norm, largest in norms):
        return None
    return (
        f": `{update.clips}` makes 0 of a gradient of this size",
        f" The norm of the gradient is {number(max(norm for norm, _ in norms))}. To clip it, {code(update.optimizer or 'the optimizer')} adds up the squares of its elements, which is too large for the dtype: "
        "the gradient is divided by an infinite norm, and 0 is left.",
        "a clip does not help here: repair what makes the gradient so large",
    )


def lost_sum(fault: Fault, recording: Recording) -> Finding | None:
    """An optimizer that is given zeros, where a loop adds the gradients to its own name and not to the list."""
    update, run = fault.update, fault.run
    if update is None or run is None or not fault.detail.get("zero"):
        return None
    gradients = {g.id for r in recording.runs_of(run.site) for g in r.gradients if g.id is not None}
    lost = next((op.span for key in gradients for op in recording.consumers.get(key, ()) if op.span is not None and op.phase == "forward" and rebinds_loop_name(recording, op.span)), None)
    given = [pair.gradient for pair in update.pairs if pair.gradient is not None]
    if lost is None or any(gradients & {key, *values_behind(recording, key)} for key in given):
        return None
    optimizer = code(update.optimizer or "the optimizer")
    return finding(
        "step/update-without-effect",
        fault,
        f"{listing(fault.names)} {'was' if len(fault.names) == 1 else 'were'} updated with zeros: the gradients are added to the name of a loop, and the list keeps what it had",
        lost,
        "gives the name another tensor; the list is not changed",
        f"A tensor cannot be changed: this line makes a new one and gives it the name that the loop binds anew in its next turn. None of it gets into the list that {optimizer} is given later, in which every element is 0.",
        others=[(update.span, "is given the zeros")] if update.span is not None else [],
        severity="warning",
        help="make a new list of the sums: `totals = [total + gradient for total, gradient in zip(totals, gradients)]`",
    )
