"""A forward op turned finite inputs into NaN or infinity.

What it finds
    The first op on the way to the target whose inputs are finite and whose result is not.

Why it happens
    `log(0)`, `0 / 0`, a negative number to a fractional power, a mean over nothing: the result is not a number, or infinite, and so is all that follows.

Example
    import tensorflow as tf
    p = tf.Variable([0.0, 0.5])
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(tf.math.log(p))
    grad = tape.gradient(loss, p)

Use instead
    import tensorflow as tf
    p = tf.Variable([0.0, 0.5])
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(tf.math.log(p + 1e-7))
    grad = tape.gradient(loss, p)

Fix safety
    A small constant changes the value a little: unsafe.

Not a problem when
    Never.
"""

from __future__ import annotations

from gradmagic.fixes.definite import lifted_diagonal, positive_noise
from gradmagic.fixes.divisors import divided_by_root
from gradmagic.fixes.held_shares import held_shares
from gradmagic.fixes.logits import from_logits
from gradmagic.fixes.masked_rows import divided_by_a_mask, without_masked_rows
from gradmagic.fixes.masks import finite_mask
from gradmagic.fixes.numerics import valid_input
from gradmagic.fixes.pixel_targets import scaled_targets
from gradmagic.fixes.positive_outputs import positive_output
from gradmagic.fixes.probabilities import as_softmax, normalised_relu
from gradmagic.fixes.ragged_rows import means_of_rows
from gradmagic.fixes.rates import smaller_step
from gradmagic.fixes.stable import without_exp
from gradmagic.fixes.values import finite_factor, start_of_operand, sum_of_logs, within_float16
from gradmagic.fixes.variances import from_differences
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording, Span
from gradmagic.report import Finding, Fix
from gradmagic.rules.nonfinite.domain import QUOTIENTS, how_to_stay_inside, is_below, outside
from gradmagic.rules.phrasing import called, code, finding, history, subject
from gradmagic.syntax import spot, text_at


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause not in ("forward", "thrown away") or op is None:
        return None
    shape = recording.tensors[op.outputs[0]].shape if op.outputs and op.outputs[0] in recording.tensors else None
    infinite = any((t := recording.tensors.get(i)) is not None and t.finite is False for i in op.inputs)
    rows = divided_by_a_mask(recording, op)
    divided = f" It divides by the number of steps that the mask leaves, and that is 0 in {rows[0]} of {rows[1]} rows." if rows is not None else ""
    relu = normalised_relu(recording, spot(recording, op), op)
    if relu is not None:
        return _of_rows_without_a_class(fault, recording, op, relu[1])
    entering = "an infinite number and no NaN goes" if infinite else "finite values go"
    return finding(
        "nonfinite/invalid-forward-value",
        fault,
        f"{subject(fault, 'not finite')}: {called(recording, op)} gives a value that is not finite",
        spot(recording, op),
        "an infinite number goes in, the first NaN comes out" if infinite else "finite values go in, the first that is not finite comes out",
        f"Going forward, {entering} into {called(recording, op)} (op `{op.type}`), and its result{f' of shape {shape}' if shape else ''} is not finite. It is the first such op; what is computed from "
        "it, and every gradient that passes it, is not finite either." + (divided or outside(op, recording)) + (" Neither 0 × inf nor inf - inf has a value." if infinite else ""),
        notes=history(fault, recording),
        help="use a large finite number (`-1e9`), or `tf.where` to put the infinite one in" if infinite else how_to_stay_inside(op, recording),
    )


def _of_rows_without_a_class(fault: Fault, recording: Recording, op: Op, layer: Span) -> Finding:
    """A categorical loss behind a ReLU: the loss divides the row by its sum."""
    made = code(text_at(recording, layer))
    return finding(
        "nonfinite/invalid-forward-value",
        fault,
        f"{subject(fault, 'not finite')}: {made} gives rows of zeros, which {called(recording, op)} divides by their sum",
        layer,
        "0 for every class where no unit is on",
        f"{called(recording, op)} takes what it is given for probabilities, and divides each row by its sum. The ReLU of {made} gives 0 for every class in some row of this run: 0 / 0 is NaN.",
        others=[(spot(recording, op), "divided by the sum here")],
        help='let the last layer give probabilities: `activation="softmax"`',
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.op is not None and any((t := recording.tensors.get(i)) is not None and t.finite is False for i in fault.op.inputs):
        return finite_factor(recording, found.location) or finite_mask(recording, found.location, fault.op) or within_float16(recording, found.location, fault.op)
    if start := start_of_operand(recording, fault.op):
        return start
    if means := means_of_rows(recording, found.location, fault.op):
        return means
    if scaled := scaled_targets(recording, fault.run, fault.op):
        return scaled
    if spread := as_softmax(recording, spot(recording, fault.op) if fault.op is not None else None, fault.op):
        return spread
    if fault.op is not None and fault.op.type == "Log" and (logs := sum_of_logs(recording, found.location)):
        return logs
    divides = fault.op is not None and fault.op.type in QUOTIENTS
    first = finite_factor(recording, found.location) or without_exp(recording, found.location, fault.op, bounded=not divides) or smaller_step(recording, fault, 1.0)
    first = first or from_logits(recording, fault.op) or from_differences(recording, found.location, fault.op)
    # A small number under a root leaves what is below 0 there.
    first = first or (() if is_below(recording, fault.op) else divided_by_root(recording, found.location, fault.op))
    if divided_by_a_mask(recording, fault.op) is not None:
        return without_masked_rows(recording, fault.run.span if fault.run is not None else None, fault.op)
    return (
        first
        or positive_output(recording, fault.op)
        or lifted_diagonal(recording, found.location, fault.op)
        or positive_noise(recording, fault.run, found.location, fault.op)
        or held_shares(recording, found.location, fault.op)
        or valid_input(recording, found.location, fault.op)
        or without_exp(recording, found.location, fault.op)
    )
