"""The target depends on no watched source at all.

What it finds
    The target is a constant, was computed outside TensorFlow, or is of a dtype that has no gradient.

Why it happens
    Where no op connects the target with a source there is nothing to differentiate.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = tf.constant(4.0)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = w * w
    grad = tape.gradient(loss, w)

Fix safety
    The loss becomes another one.

Not a problem when
    None is the expected answer of a test.
"""

from __future__ import annotations

from gradmagic.fixes.arguments import is_swapped, swapped
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding, listing, location, subject, target_name


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "constant" or fault.run is None or location(fault.span) is None:
        return None
    target = fault.run.targets[0] if fault.run.targets else None
    dtype = target.dtype if target is not None else "unknown"
    if is_swapped(recording, fault.run):
        return finding(
            "none/constant-target",
            fault,
            f"{subject(fault, 'None')}: it was computed from {target_name(fault)}, the target, and not the other way round",
            fault.run.span,
            "the target comes first, then the sources",
            f"This call asks how {target_name(fault)} changes with {listing(fault.names)}. {listing(fault.names)} was computed from {target_name(fault)}, which does not depend on it.",
            help="the order is `tape.gradient(target, sources)`: the target comes first",
        )
    is_dtype = fault.detail.get("key") == "target"
    why = f"is of dtype {dtype}, which has no gradient" if is_dtype else "was not computed from any variable or watched tensor"
    return finding(
        "none/constant-target",
        fault,
        f"{subject(fault, 'None')}: {target_name(fault)} {why}",
        fault.span,
        f"{target_name(fault)} {'is of dtype ' + dtype if is_dtype else 'is a constant'}",
        f"{target_name(fault)} {why}, so there is no path from it back to {listing(fault.names)}.",
        help="compute the target from the variables, with TensorFlow ops, under the tape",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return swapped(recording, fault.run)
