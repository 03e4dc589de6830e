"""One scale factor (raw data, a summed loss, a huge constant) explains the size of the gradients.

What it finds
    Gradients that are far larger than their variables, and one step on the way that makes them so.

Why it happens
    A squared error of targets around a million has a derivative of about a million, and every layer gets it. Raw inputs multiply the gradients of the first weights in the same way.

Example
    import tensorflow as tf
    w = tf.Variable([[0.5]])
    x = tf.constant([[1.0], [2.0]])
    y = tf.constant([[2e6], [4e6]])
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ w - y))
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([[0.5]])
    x = tf.constant([[1.0], [2.0]])
    y = tf.constant([[2e6], [4e6]]) / 1e6
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(x @ w - y))
    grad = tape.gradient(loss, w)

Fix safety
    Scaling changes the loss: unsafe.

Not a problem when
    The optimizer divides by the size of the gradient, as Adam does: then the loss is only hard to read.
"""

from __future__ import annotations

from gradmagic.fixes.data import scaled_data
from gradmagic.fixes.equations import divided_by_its_constant
from gradmagic.fixes.magnitudes import brought_to_one
from gradmagic.fixes.proportional import divided_by_its_scale
from gradmagic.fixes.values import scaled_pixels
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, number, subject
from gradmagic.rules.scale.sized import beside, state, way
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause not in ("factor", "singular") or op is None or state(fault) != "exploding":
        return None
    factor = fault.detail["factor"]
    assert isinstance(factor, float)
    return finding(
        "scale/unscaled-loss-or-data",
        fault,
        f"{subject(fault, 'exploding')}: one factor of about {number(factor)} explains their size",
        spot(recording, op),
        f"makes the gradient {number(factor)} times as large",
        f"{beside(fault)} Going backward from the target, its norm is {way(fault)}. {called(recording, op)} (op `{op.type}`) makes it {number(factor)} times as large in one step.",
        severity="warning",
        help="scale inputs and targets to about 1 (a `Normalization` layer, `(x - mean) / std`), and take the mean of the loss instead of its sum",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    place = fault.run.span if fault.run is not None and fault.run.kind.startswith("keras") else found.location
    measured = fault.detail.get("factor")
    factor = measured if isinstance(measured, float) else None
    scaled = brought_to_one(recording, fault.run, place) or divided_by_its_constant(recording, factor) or divided_by_its_scale(recording, fault.run, factor)
    return (*scaled_pixels(recording), *(scaled or scaled_data(recording, place)))
