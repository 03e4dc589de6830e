"""The derivative of one op is finite, but enormous at this point.

What it finds
    One step that makes the gradient far larger: a division, a root or a logarithm at a value next to 0.

Why it happens
    The derivative of `1 / x`, `sqrt(x)` and `log(x)` grows without bound as x goes to 0. A small constant keeps it finite, and as large as one over that constant.

Example
    import tensorflow as tf
    v = tf.Variable([1e-7, 0.0, 0.0])
    with tf.GradientTape() as tape:
        length = tf.sqrt(tf.reduce_sum(v * v) + 1e-12)
        loss = tf.reduce_sum(v / length)
    grad = tape.gradient(loss, v)

Use instead
    import tensorflow as tf
    v = tf.Variable([1.0, 0.0, 0.0])
    with tf.GradientTape() as tape:
        length = tf.sqrt(tf.reduce_sum(v * v) + 1e-12)
        loss = tf.reduce_sum(v / length)
    grad = tape.gradient(loss, v)

Fix safety
    A larger constant changes the value: unsafe.

Not a problem when
    The gradients are clipped before they are applied.
"""

from __future__ import annotations

from gradmagic.fixes.counterparts import farther_from_the_edge
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, number, subject
from gradmagic.rules.scale.sized import beside, state
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "singular" or op is None or state(fault) != "exploding":
        return None
    factor = fault.detail["factor"]
    assert isinstance(factor, float)
    return finding(
        "scale/near-singular",
        fault,
        f"{subject(fault, 'exploding')}: the derivative of {called(recording, op)} is {number(factor)} here",
        spot(recording, op),
        f"makes the gradient {number(factor)} times as large",
        f"{beside(fault)} Going backward, {called(recording, op)} (op `{op.type}`) alone makes it {number(factor)} times as large: it sits next to a point where its derivative has no bound.",
        severity="warning",
        help="a larger constant inside (`tf.maximum(x, 1e-6)`), or keep the value away from 0",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return farther_from_the_edge(recording, found.location, fault.op)
