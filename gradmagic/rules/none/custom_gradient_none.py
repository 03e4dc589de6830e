"""A custom gradient returns None for this input, or an op's own gradient exists for some of its inputs only.

What it finds
    The gradient function of an op on every path ran, and gave None for the input that leads to the source.

Why it happens
    A function under `tf.custom_gradient` says itself what each input gets, and None is allowed. Some ops of TensorFlow are differentiable in one
    argument and not in another (`tf.math.betainc` and `tf.math.polygamma` in their first).

Example
    import tensorflow as tf
    @tf.custom_gradient
    def scale(x, s):
        def grad(dy):
            return dy * s, None
        return x * s, grad
    x, s = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = scale(x, s)
    grads = tape.gradient(loss, [x, s])

Use instead
    import tensorflow as tf
    @tf.custom_gradient
    def scale(x, s):
        def grad(dy):
            return dy * s, dy * x
        return x * s, grad
    x, s = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = scale(x, s)
    grads = tape.gradient(loss, [x, s])

Fix safety
    The forward value stays as it is.

Not a problem when
    The input is a setting (a temperature, a bit width) that is not trained.
"""

from __future__ import annotations

from gradmagic.fixes.custom import corrected
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import ORDINALS, called, code, finding, listing, subject, target_name
from gradmagic.syntax import returned_by, use_of


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "partial" or op is None:
        return None
    which = ORDINALS.get(fault.input or 0, f"number {(fault.input or 0) + 1}")
    own = op.type == "CustomGradient"
    who = f"the custom gradient of {code(op.name or 'the function')}" if own else f"TensorFlow's gradient of {called(recording, op)}"
    return finding(
        "none/custom-gradient-none",
        fault,
        f"{subject(fault, 'None')}: {who} returns None for {which} input",
        (returned_by(recording, op.rule_at, fault.input) if own else None) or use_of(recording, op),
        f"gives no gradient to {which} input",
        f"Going backward from {target_name(fault)}, the gradient function of {called(recording, op)} ran and returned None for {which} of its "
        f"{len(op.inputs)} inputs, the one that {listing(fault.names)} leads to.",
        others=[(use_of(recording, op), "used here")] if own else [],
        help=f"return a gradient for that input in the custom gradient of {code(op.name or 'the function')}" if own else None,
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return corrected(recording, fault.op.name, fault.input or 0, fault.op) if fault.op is not None else ()
