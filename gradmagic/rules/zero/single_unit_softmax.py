"""A softmax over an axis of length 1: its output is 1 whatever goes in.

What it finds
    The gradient turns to zeros at a softmax whose last axis has one element.

Why it happens
    Softmax makes numbers that sum to 1. A single number is then always 1, and its derivative is 0.

Example
    import tensorflow as tf
    w = tf.Variable([[0.3], [0.4]])
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        p = tf.nn.softmax(x @ w)
        loss = tf.reduce_mean((p - 0.5) ** 2)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([[0.3], [0.4]])
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        p = tf.sigmoid(x @ w)
        loss = tf.reduce_mean((p - 0.9) ** 2)
    grad = tape.gradient(loss, w)

Fix safety
    The output changes: unsafe, and what is meant.

Not a problem when
    Never: such a layer cannot learn.
"""

from __future__ import annotations

from gradmagic.fixes.layers import sigmoid_for_softmax
from gradmagic.fixes.softmax_axis import over_the_steps, weighs_steps
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "died" or op is None or op.type not in ("Softmax", "LogSoftmax"):
        return None
    tensor = recording.tensors.get(op.outputs[0])
    if tensor is None or not tensor.shape or tensor.shape[-1] != 1:
        return None
    return finding(
        "zero/single-unit-softmax",
        fault,
        f"{subject(fault, 'zero')}: the softmax of {called(recording, op)} runs over a single unit",
        spot(recording, op),
        "always 1, so its derivative is 0",
        f"This softmax runs over an axis of length 1 (its result has the shape {tensor.shape}). What it gives sums to 1, so it is 1 whatever goes in, and going backward it multiplies by 0.",
        help="its result weighs the steps of a sequence: let it run over the axis of the steps, `Softmax(axis=1)` behind a layer without activation, or `softmax(scores, axis=1)`"
        if weighs_steps(recording, op)
        else 'use `activation="sigmoid"` for one output unit, or one unit per class with softmax',
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return over_the_steps(recording, found.location, fault.op) or sigmoid_for_softmax(recording, found.location, fault.op)
