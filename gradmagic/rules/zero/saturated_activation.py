"""Sigmoid, tanh, softmax sit where their derivative is exactly 0 in this dtype.

What it finds
    The gradient turns to zeros at such an activation, whose outputs are at their ends for every element.

Why it happens
    Far out these functions are flat. In float32 `sigmoid(20)` is 1 to the last bit, and its derivative `s * (1 - s)` is 0.

Example
    import tensorflow as tf
    w = tf.Variable([80.0, 90.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((tf.sigmoid(w) - 0.5) ** 2)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([0.8, 0.9])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum((tf.sigmoid(w) - 0.5) ** 2)
    grad = tape.gradient(loss, w)

Fix safety
    Scaling the inputs changes the values: unsafe. A loss on logits (`from_logits=True`) keeps the loss.

Not a problem when
    The network is meant to be that sure.
"""

from __future__ import annotations

from gradmagic.fixes.counterparts import gentler_input
from gradmagic.fixes.data import inner_start
from gradmagic.fixes.logits import from_logits
from gradmagic.fixes.standard import standardised_where_made
from gradmagic.locate.fault import Fault
from gradmagic.recording import Numbers, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, number, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, step = fault.op, fault.step
    if fault.cause not in ("died", "faint") or op is None or step is None or op.type not in ("Sigmoid", "Tanh", "Softmax"):
        return None
    numbers = step.outputs[0] if step.outputs and step.outputs[0] is not None else None
    if op.type == "Softmax" and numbers is not None and not _is_one_hot(numbers):
        return None
    span = f" Its results lie between {number(numbers.min)} and {number(numbers.max)}." if numbers is not None else ""
    norms = fault.detail.get("norms")
    if isinstance(norms, tuple):
        state, said = "vanishing", f"Going backward, the norm of the gradient is {number(norms[0])} in front of this {op.type.lower()} and {number(norms[1])} behind it.{span}"
    else:
        state, said = "zero", f"Going backward, the derivative of this {op.type.lower()} rounds to exactly 0 for every element.{span}"
    return finding(
        "zero/saturated-activation",
        fault,
        f"{subject(fault, state)}: the {op.type.lower()} of {called(recording, op)} is saturated",
        spot(recording, op),
        "at its end for every element, where it is flat",
        said,
        help="scale what goes in (normalised data, smaller initial weights), or use the value before the activation (`from_logits=True`)",
    )


def _is_one_hot(numbers: Numbers) -> bool:
    """Whether numbers between 0 and 1 are all 0 or 1: the squares of such are what they are themselves."""
    return abs(numbers.norm**2 - numbers.mean * numbers.size) < 1e-3 * numbers.mean * numbers.size


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    infinite = fault.run is not None and any(fault.run.sources[i].value is not None and (fault.run.sources[i].value.infs) for i in fault.sources)  # type: ignore[union-attr]
    if infinite and (inside := inner_start(recording)):
        return inside
    first = from_logits(recording, fault.op) or standardised_where_made(recording, fault.op)
    return first or gentler_input(recording, found.location, fault.op)
