"""A softmax over an axis of length 1: its output is 1 whatever goes in.

What it finds
    The gradient turns to zeros at a softmax whose last axis has one element, or comes from a cross-entropy over one class.

Why it happens
    Softmax makes numbers that sum to 1. A single number is then always 1, and its derivative is 0. On some processors a trace of rounding comes back in the place of exact zeros.
    A cross-entropy of one class is 0 likewise. With labels of 0 and 1 what comes back from it is 1 minus the label: gradients that look healthy and belong to no loss.

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
from gradmagic.fixes.one_step import columns_as_steps
from gradmagic.fixes.single_class import binary_loss
from gradmagic.fixes.single_examples import compares_examples, larger_batches
from gradmagic.fixes.softmax_axis import over_the_steps, steps_axis
from gradmagic.locate.constants import LOSSES, SOFTMAXES, width
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause == "baseless" and op is not None:
        return _of_no_loss(fault, op, recording)
    if fault.cause != "died" or op is None or op.type not in SOFTMAXES or width(recording, op) != 1:
        return None
    tensor, steps = recording.tensors[op.inputs[0]], steps_axis(recording, op)
    if op.type in LOSSES:
        return _of_a_loss(fault, op, tensor.shape, recording)
    return finding(
        "zero/single-unit-softmax",
        fault,
        f"{subject(fault, 'zero')}: the softmax of {called(recording, op)} runs over a single unit",
        spot(recording, op),
        "always 1, so its derivative is 0",
        f"This softmax runs over an axis of length 1 (its result has the shape {tensor.shape}). What it gives sums to 1, so it is 1 whatever goes in, and going backward it multiplies by 0.",
        help=f"its result weighs the steps of a sequence: let it run over the axis of the steps, `Softmax(axis={steps})` behind a layer without activation, or `softmax(scores, axis={steps})`"
        if steps is not None
        else 'use `activation="sigmoid"` for one output unit, or one unit per class with softmax',
    )


def _of_a_loss(fault: Fault, op: Op, shape: tuple[int | None, ...] | None, recording: Recording) -> Finding:
    alone = compares_examples(recording, op)
    return finding(
        "zero/single-unit-softmax",
        fault,
        f"{subject(fault, 'zero')}: the softmax in {called(recording, op)} runs over a single {'candidate' if alone else 'class'}",
        spot(recording, op),
        "its probability is always 1, so the derivative is 0",
        f"This loss takes the softmax over the last axis of its logits, which have the shape {shape}. A single number becomes the probability 1 whatever it is: the loss is constant, and going backward it sends zeros."
        + (" The candidates are the other examples of the batch, and the batch has one example." if alone else ""),
        help="train on batches of several examples: the others of a batch are what each is told apart from"
        if alone
        else "use a loss for one output (`binary_crossentropy(…, from_logits=True)`, `tf.nn.sigmoid_cross_entropy_with_logits`), or one output per class",
    )


def _of_no_loss(fault: Fault, op: Op, recording: Recording) -> Finding:
    """The gradients that come of labels which are not 1: TensorFlow counts on the labels of an example to sum to 1."""
    shape = recording.tensors[op.inputs[0]].shape
    return finding(
        "zero/single-unit-softmax",
        fault,
        f"{subject(fault, 'unrelated to the loss')}: the softmax in {called(recording, op)} runs over a single class, so the loss is 0 whatever the model does",
        spot(recording, op),
        "its probability is always 1, and the loss always 0",
        f"This loss takes the softmax over the last axis of its logits, which have the shape {shape}: a single number becomes the probability 1 whatever it is, and minus the logarithm of 1 is 0. "
        "What comes back is 1 minus the label all the same: it lowers the outputs of the examples with the label 0, never raises one, and the loss does not tell.",
        help="use a loss for one output (`binary_crossentropy(…)`, `tf.nn.sigmoid_cross_entropy_with_logits`), or one output per class",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.op is not None and fault.op.type in LOSSES:
        return larger_batches(recording) if compares_examples(recording, fault.op) else binary_loss(recording, found.location, fault.op)
    steps = over_the_steps(recording, found.location, fault.op) or columns_as_steps(recording, found.location, fault.op, fault.run)
    return steps or sigmoid_for_softmax(recording, found.location, fault.op)
