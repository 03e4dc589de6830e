"""The loss itself is NaN or infinite while every gradient is finite.

What it finds
    A target that is not finite in a call whose gradients all are.

Why it happens
    A derivative can be finite where the value is not: that of `log(x)` is 1 / x, an ordinary number for a negative x, where the logarithm itself is NaN.

Example
    import tensorflow as tf
    x = tf.Variable(-2.0)
    with tf.GradientTape() as tape:
        loss = tf.math.log(x)
    grad = tape.gradient(loss, x)

Use instead
    import tensorflow as tf
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = tf.math.log(x)
    grad = tape.gradient(loss, x)

Fix safety
    Keeping the input in the domain changes the loss: unsafe.

Not a problem when
    Never: the training goes on, towards nothing that the loss could tell.
"""

from __future__ import annotations

from gradmagic.fixes.dtypes import wider
from gradmagic.fixes.masks import finite_mask
from gradmagic.fixes.numerics import finite_logarithm
from gradmagic.fixes.pixel_targets import scaled_targets
from gradmagic.fixes.positive_outputs import positive_output
from gradmagic.fixes.ragged_rows import means_of_rows
from gradmagic.fixes.rates import smaller_step
from gradmagic.fixes.training import single_precision
from gradmagic.growth import growth_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.nonfinite.domain import how_to_stay_inside, outside
from gradmagic.rules.nonfinite.too_large import OVERSHOOTING, is_too_large
from gradmagic.rules.phrasing import called, finding, history, number, target_name
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "loss" or fault.run is None:
        return None
    op, run = fault.op, fault.run
    value = number(run.target_value) if run.target_value is not None else "not finite"
    overflows = op is not None and is_too_large(recording, op, fault.cause)
    growing = growth_of(recording, run) is not None
    where = f" It is {called(recording, op)} (op `{op.type}`) that turns finite values into one that is not.{outside(op, recording)}" if op is not None else ""
    return finding(
        "nonfinite/loss-only",
        fault,
        f"{target_name(fault)} is {value} although every gradient is finite" + (f": {called(recording, op)} {'overflows' if overflows else 'makes it so'}" if op is not None else ""),
        spot(recording, op) if op is not None else run.span,
        "the value is not finite here, its derivative is",
        f"All {len(run.gradients)} gradients of this call are finite and would be applied, while the target is {value}.{where}",
        notes=history(fault, recording),
        help=OVERSHOOTING if growing and overflows else "scale the data and the targets" if overflows else how_to_stay_inside(op, recording) if op is not None else None,
        variables=tuple(s.name for s in run.sources),
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    made = recording.tensors.get(fault.op.outputs[0]) if fault.op is not None and fault.op.outputs else None
    if made is not None and made.dtype == "float16":
        return finite_mask(recording, found.location, fault.op) or wider(recording, found.location, mean=True) or single_precision(recording)
    if fault.op is not None and is_too_large(recording, fault.op, fault.cause) and growth_of(recording, fault.run) is not None:
        return smaller_step(recording, fault)
    if means := means_of_rows(recording, found.location, fault.op):
        return means
    bounded = scaled_targets(recording, fault.run, fault.op) or finite_mask(recording, found.location, fault.op) or positive_output(recording, fault.op)
    return bounded or finite_logarithm(recording, found.location, fault.op)
