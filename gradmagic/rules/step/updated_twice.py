"""One variable is updated more than once with the gradient of one step.

What it finds
    The same variable twice in one call of the optimizer, or gradients that an optimizer is given again, or that two optimizers are given.

Why it happens
    A shared layer stands in two lists, or a call is left over from an older version of the loop.

Example
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))
    optimizer.apply_gradients(zip(grads, [w]))

Use instead
    import tensorflow as tf
    w = tf.Variable(2.0)
    optimizer = tf.keras.optimizers.SGD(0.1)
    with tf.GradientTape() as tape:
        loss = w * w
    grads = tape.gradient(loss, [w])
    optimizer.apply_gradients(zip(grads, [w]))

Fix safety
    The updates change, as is meant.

Not a problem when
    The second step along the same gradient is meant.
"""

from __future__ import annotations

from gradmagic.fixes.once import applied_once, listed_once
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording, Update
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding, listing


def explain(fault: Fault, recording: Recording) -> Finding | None:
    update = fault.update
    if fault.cause != "twice" or update is None:
        return None
    how, other = fault.detail["how"], fault.detail.get("other")
    names = listing(fault.names)
    one = len(set(fault.names)) == 1
    if how == "listed":
        message, label, body = (
            f"{names} {'stands' if one else 'stand'} more than once in one update",
            "the same variable more than once",
            f"The optimizer was given {len(update.pairs)} pairs of a gradient and a variable, and {names} {'is' if one else 'are'} in more than one of them: {'it is' if one else 'they are'} changed once for each.",
        )
    elif how == "again":
        message, label, body = (
            "the optimizer is given the same gradients again",
            f"given the same gradients {update.repeated + 1} times",
            f"This line ran {update.count} times, {update.repeated} of them with the very gradients of the time before: each step is made more than once.",
        )
    else:
        message, label, body = (
            f"{names} {'is' if one else 'are'} updated twice with the gradient of one step",
            "the second update with the same gradients",
            "The gradients that this line is given were applied to the same variables by another line already: each step is made twice.",
        )
    others = [(other.span, "the first update")] if isinstance(other, Update) and other.span is not None else []
    return finding("step/updated-twice", fault, message, update.span, label, body, others=others, severity="warning", help="list each variable once" if how == "listed" else "apply each gradient once")


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    other = fault.detail.get("other")
    return listed_once(recording, fault.run) if fault.detail["how"] == "listed" else applied_once(recording, found.location, other.span if isinstance(other, Update) else None)
