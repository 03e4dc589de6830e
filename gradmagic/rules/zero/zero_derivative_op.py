"""An op whose registered gradient is zero everywhere.

What it finds
    The gradient turns to zeros at `sign` or another op whose derivative TensorFlow defines as 0.

Why it happens
    The function is flat wherever it is defined.

Example
    import tensorflow as tf
    w = tf.Variable([0.5, -2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sign(w) * 3.0)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([0.5, -2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.tanh(w) * 3.0)
    grad = tape.gradient(loss, w)

Fix safety
    A smooth stand-in has other values: unsafe.

Not a problem when
    The sign is meant as a constant.
"""

from __future__ import annotations

from gradmagic.fixes.smooth import smooth
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "died" or op is None or op.type not in ("Sign", "FloorMod", "FloorDiv", "Floor", "ZerosLike"):
        return None
    return finding(
        "zero/zero-derivative-op",
        fault,
        f"{subject(fault, 'zero')}: the derivative of {called(recording, op)} is 0 everywhere",
        spot(recording, op),
        "flat: its derivative is 0",
        f"Going backward, the op `{op.type}` multiplies by 0, whatever its input: its result does not change when the input changes a little.",
        help="use a smooth function such as `tf.tanh`, or a straight-through estimator",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return smooth(recording, found.location, fault.op)
