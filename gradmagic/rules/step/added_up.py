"""An optimizer that adds gradients up over several steps, in a cell that ends before the step which applies them."""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import AddedUp, Update
from gradmagic.report import Finding
from gradmagic.rules.phrasing import code, finding, listing


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
