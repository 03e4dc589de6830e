"""There is nothing to differentiate: no loss compiled, or an empty list.

What it finds
    The gradient call or the optimizer raised, and there was no loss, no gradient or no variable.

Why it happens
    A model that was compiled without a loss has nothing to train on; an optimizer that is given an empty list has nothing to do.

Example
    import tensorflow as tf
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.apply_gradients([])

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    optimizer.apply_gradients([(tf.constant(1.0), w)])

Fix safety
    Depends on the loss.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

from gradmagic.fixes.layers import compiled_with_loss
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run, update = fault.run, fault.update
    if update is not None and not update.pairs:
        return finding(
            "error/no-loss", fault, "the optimizer was given an empty list", update.span, "no gradient and no variable", "The list that the optimizer was given has no (gradient, variable) pair."
        )
    if run is not None and run.raised is not None and (run.target_type == "NoneType" or "No loss" in run.raised.message):
        return finding(
            "error/no-loss",
            fault,
            "there is no loss to differentiate",
            run.span,
            "the target is None",
            "The gradient call was given None as its target.",
            help="compile the model with a loss, or return the loss from the function",
        )
    return None


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return compiled_with_loss(recording)
