"""`clip_by_value`, `maximum`, `minimum` and the like hold the value at a bound.

What it finds
    The gradient turns to zeros at a clipping op: every element is at the bound.

Why it happens
    Beyond its bound a clipped value does not move with its input, so the derivative is 0 there.

Example
    import tensorflow as tf
    w = tf.Variable([5.0, 7.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.clip_by_value(w, -1.0, 1.0) ** 2)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([5.0, 7.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    grad = tape.gradient(loss, w)

Fix safety
    Without the clipping the value is another: unsafe.

Not a problem when
    The bound is meant to stop the training there.
"""

from __future__ import annotations

from gradmagic.fixes.calls import straight_through
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "died" or op is None or op.type not in ("Maximum", "Minimum", "ClipByValue", "Relu6"):
        return None
    return finding(
        "zero/clipped",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} holds every element at its bound",
        spot(recording, op),
        "every element is at the bound, where the derivative is 0",
        f"Going backward, {called(recording, op)} passes the gradient on only where the value lies inside its bounds. In this run no element does.",
        help="clip the gradient instead of the value, or use a loss that grows linearly (Huber)",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return straight_through(recording, found.location, ("clip_by_value", "clip", "maximum", "minimum", "clip_by_norm", "hard_tanh"))
