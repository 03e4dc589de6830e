"""A gradient is out of scale, and the cause could not be found.

What it finds
    A gradient that is far too small or too large beside its variable, while the steps on its way do not say why.

Why it happens
    Where the values of the backward pass cannot be read, the place where the size changes cannot be named.

Example
    import tensorflow as tf
    w = tf.Variable([1.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * 1e9)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([1.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w)
    grad = tape.gradient(loss, w)

Fix safety
    There is no fix to offer.

Not a problem when
    The size is meant, and the learning rate is chosen for it.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import finding, subject
from gradmagic.rules.scale.sized import beside, far_out, state, way


def explain(fault: Fault, recording: Recording) -> Finding | None:
    steps = way(fault)
    trail = f" Going backward from the target, its norm is {steps}." if steps else " The values on the way back could not be read."
    return finding(
        "scale/unexplained",
        fault,
        f"{subject(fault, state(fault))}, and I cannot say why",
        fault.op.span if fault.op is not None else fault.span,
        "the gradient comes back here",
        beside(fault) + trail,
        severity="warning" if far_out(fault) else "note",
        certainty="likely",
    )
