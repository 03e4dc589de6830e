"""A gradient contradicts the numerical derivative, and no custom gradient explains it.

What it finds
    With `--numeric`: the gradient of the tape differs from central differences that have settled, for a source whose path holds no custom gradient that was found wrong.

Why it happens
    An op registered with a gradient of its own (`tf.RegisterGradient`, `gradient_override_map`), an op whose registered gradient is a stand-in on purpose (fake
    quantisation), or an error in a gradient of TensorFlow.

Example
    There is no example: a cell that leads here shows a gap in gradmagic, or in TensorFlow.

Use instead
    Compare with `tf.test.compute_gradient`, and write the op's gradient down with `tf.custom_gradient`.

Fix safety
    Nothing is changed.

Not a problem when
    The gradient is a stand-in on purpose.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import finding, listing, number


def explain(fault: Fault, recording: Recording) -> Finding | None:
    check = fault.numeric
    if fault.cause != "numeric" or check is None or check.custom is not None:
        return None
    return finding(
        "wrong/unexplained",
        fault,
        f"the gradient of {listing(fault.names)} contradicts the numerical derivative, and I cannot say why",
        fault.span,
        "asked for here",
        f"Along a random direction the tape gives {number(check.analytic)}, and central differences of the recorded ops settle at {number(check.numeric)} (relative error {number(check.error)}). "
        "No custom gradient on the way was found wrong.",
        severity="warning",
        certainty="likely",
    )
