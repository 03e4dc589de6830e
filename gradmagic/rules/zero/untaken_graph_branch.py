"""Inside a `tf.function` the source is read only in a branch that was not taken.

What it finds
    Every read of the source lies in a branch of a `tf.cond`, `tf.case` or in the body of a loop of a graph, and its gradient is zero.

Why it happens
    A graph holds all branches. TensorFlow differentiates the conditional as a whole, and gives zeros to what only an untaken branch uses. (Outside a graph the answer is None.)

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    @tf.function
    def loss_fn(flag):
        return tf.cond(flag, lambda: a * b, lambda: a * a)
    with tf.GradientTape() as tape:
        loss = loss_fn(tf.constant(False))
    grads = tape.gradient(loss, [a, b])

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    @tf.function
    def loss_fn(flag):
        return tf.cond(flag, lambda: a * b, lambda: a * a)
    with tf.GradientTape() as tape:
        loss = loss_fn(tf.constant(True))
    grads = tape.gradient(loss, [a, b])

Fix safety
    There is often nothing to fix: the loss of this run does not depend on the source.

Not a problem when
    Other runs take the other branch.
"""

from __future__ import annotations

from gradmagic.fixes.loop_starts import begun_far_off
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding, listing, subject
from gradmagic.syntax import CALLED, CONDITIONALS, call_at, whole_line

CALLED.setdefault("If", tuple(CONDITIONALS))


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "branch" or fault.op is None:
        return None
    names = listing(fault.names)
    loop = "While" in fault.op.type
    where = "the body of a loop" if loop else f"the {fault.detail['label']!s} branch of a conditional" if fault.detail["label"] in ("then", "else") else "one branch"
    certain = bool(fault.detail.get("certain"))
    span = fault.op.span or fault.span
    if span is not None and call_at(recording, span, CONDITIONALS) is None:
        span = whole_line(span)
    how = "and the other branch ran" if certain else "and the zeros say that it did not run"
    return finding(
        "zero/untaken-graph-branch",
        fault,
        f"{subject(fault, 'zero')}: it is read only in {where} that did not run",
        span,
        f"{names} is read only in {where}",
        f"In this graph every read of {names} lies in {where}, {how}. TensorFlow differentiates a conditional of a graph as a whole and gives zeros to what "
        "only an untaken branch uses; outside a `tf.function` the answer would be None.",
        severity="warning",
        certainty="certain" if certain else "likely",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return begun_far_off(recording, found.location)
