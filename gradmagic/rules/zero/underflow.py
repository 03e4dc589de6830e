"""The true derivative is not zero, but too small for the dtype.

What it finds
    A number on the way (an exponential, a product of many factors below 1, a gradient) is 0 only because its dtype cannot hold anything that small.

Why it happens
    The smallest number above 0 is about 1e-45 in float32 and 6e-8 in float16 (CPUs often give 0 below 1e-38 already). A product or an exponential below that is 0.

Example
    import tensorflow as tf
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        loss = tf.exp(-1000.0 * x)
    grad = tape.gradient(loss, x)

Use instead
    import tensorflow as tf
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        log_loss = -1000.0 * x
    grad = tape.gradient(log_loss, x)

Fix safety
    Working with logarithms changes the loss: unsafe.

Not a problem when
    The value is meant to vanish.
"""

from __future__ import annotations

from gradmagic.fixes.data import standardised
from gradmagic.fixes.dtypes import scaled_loss, wider
from gradmagic.fixes.step_sizes import larger_step
from gradmagic.fixes.values import exponent_itself, sum_of_logs
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, number, subject
from gradmagic.syntax import spot

EXPONENTIALS = ("Exp", "Softplus", "Sigmoid", "Erfc", "Prod")
DIGITS = {"float16": 3, "bfloat16": 2, "float32": 7, "float64": 16}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, step = fault.op, fault.step
    if fault.cause == "faded" and op is not None:
        return _faded(fault, op, recording)
    if fault.cause == "absorbed" and op is not None:
        return _absorbed(fault, op, recording)
    if fault.cause != "died" or op is None or step is None:
        return None
    out = recording.tensors.get(op.outputs[0])
    # The gradient of a value has its dtype: behind a cast, the one that it was cast from.
    given = recording.tensors.get(op.inputs[0]) if op.type == "Cast" else out
    dtype = given.dtype if given is not None else "its dtype"
    headline = f"{called(recording, op)} is too small for {dtype}"
    if op.type in EXPONENTIALS and out is not None and out.all_zero:
        before = recording.tensors.get(op.inputs[0])
        if before is None or before.finite is False:
            return None
        factors = step.inputs[0] if step.inputs else None
        if op.type == "Prod" and (factors is None or factors.zeros):
            return None
        entering = step.inputs[0] if step.inputs and step.inputs[0] is not None else None
        value = f" at {number(entering.max)}" if entering is not None else ""
        why = f"Going forward, {called(recording, op)}{value} is too small for {dtype} and is stored as 0. Its derivative is the same number, so going backward the tape multiplies by 0."
    elif step.examples.get("product"):
        received, headline = step.received[0], f"what goes back through {called(recording, op)} is too small for {dtype}"
        why = f"Going backward, a gradient of norm {number(received.norm if received else None)} comes to {called(recording, op)}. The derivative there is not 0, and their product (about {number(float(str(step.examples['product'])))}) is too small for {dtype}: it is stored as 0."
    else:
        return None
    return finding(
        "zero/underflow",
        fault,
        f"{subject(fault, 'zero')}: {headline}",
        spot(recording, op),
        f"below the smallest number of {dtype}",
        why + " The true derivative is not 0.",
        help="work with the logarithm, scale the values, or use a wider dtype (loss scaling for float16)",
    )


def _faded(fault: Fault, op: Op, recording: Recording) -> Finding:
    out = recording.tensors[op.outputs[0]]
    return finding(
        "zero/underflow",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} is too small for {out.dtype}",
        spot(recording, op),
        f"not 0, and stored as 0 in {out.dtype}",
        f"Going forward, {called(recording, op)} comes to {number(out.faded)} at most, which is below what {out.dtype} keeps and stored as 0. All that is multiplied with it further on is 0, and so is every derivative that "
        "comes back through it. The true derivative is not 0.",
        certainty="certain" if op.in_graph is False else "likely",
        help="work with the logarithm (a sum of logarithms in the place of the product, `tf.reduce_logsumexp` in the place of a sum of products), or scale the values as they are multiplied",
    )


def _absorbed(fault: Fault, op: Op, recording: Recording) -> Finding:
    """A difference quotient whose step is lost."""
    added = fault.ops[0]
    value, step = (recording.tensors[key] for key in added.inputs)
    return finding(
        "zero/underflow",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} compares a value with itself, since {called(recording, added)} is the same number in {value.dtype}",
        spot(recording, op),
        "both sides are equal for every element",
        f"The step {number(step.norm)} is too small beside values of about {number(value.root_mean_square)}: {value.dtype} keeps some {DIGITS.get(value.dtype, 7)} digits, and the sum is stored as the value itself. Both sides are then the same number, "
        "and their derivatives cancel. The true derivative is not 0.",
        others=[(spot(recording, added), "the step is lost here")],
        help="take a larger step (a thousandth of the value in float32), or the derivative itself: a `tf.GradientTape` inside, watched input and all",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.cause == "absorbed":
        return larger_step(recording, fault.ops[0])
    if "float16" in found.message:
        return (*scaled_loss(recording, fault.run), *wider(recording, found.location))
    place = fault.run.span if fault.run is not None and fault.run.kind.startswith("keras") else None
    return sum_of_logs(recording, found.location) or exponent_itself(recording, found.location) or standardised(recording, place)
