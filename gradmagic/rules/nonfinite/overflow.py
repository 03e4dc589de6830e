"""A value exceeded the largest number of its dtype.

What it finds
    The first op on the way whose result is infinite (or a sum of infinities) because the true result is too large for the dtype.

Why it happens
    float32 ends at 3.4e38, which is `exp(88.7)`; float16 ends at 65504. Beyond that the result is infinite, and infinities cancel to NaN.

Example
    import tensorflow as tf
    log_var = tf.Variable([1.0, 100.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.exp(log_var))
    grad = tape.gradient(loss, log_var)

Use instead
    import tensorflow as tf
    log_var = tf.Variable([1.0, 100.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.exp(tf.minimum(log_var, 80.0)))
    grad = tape.gradient(loss, log_var)

Fix safety
    A bound changes the value: unsafe.

Not a problem when
    Mixed precision with loss scaling: the optimizer skips such a step and lowers the scale.
"""

from __future__ import annotations

from gradmagic.fixes.adjacency import divided_by_degrees
from gradmagic.fixes.data import scaled_data
from gradmagic.fixes.dtypes import wider
from gradmagic.fixes.exponents import smaller_inputs
from gradmagic.fixes.log_of_softmax import with_its_logarithm
from gradmagic.fixes.magnitudes import brought_to_one
from gradmagic.fixes.rates import smaller_step
from gradmagic.fixes.stable import without_exp
from gradmagic.fixes.training import single_precision
from gradmagic.fixes.values import scaled_pixels
from gradmagic.growth import growth_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.nonfinite.too_large import OVERSHOOTING, is_too_large
from gradmagic.rules.phrasing import called, finding, history, number, subject
from gradmagic.syntax import spot

LARGEST = {"float16": 65504.0, "bfloat16": 3.39e38, "float32": 3.403e38, "float64": 1.798e308}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if op is None or fault.cause not in ("forward", "born"):
        return None
    tensor = recording.tensors.get(op.outputs[0]) if op.outputs else None
    dtype = tensor.dtype if tensor is not None else "its dtype"
    if not is_too_large(recording, op, fault.cause):
        return None
    largest = f", where {dtype} ends at {number(LARGEST[dtype])}" if dtype in LARGEST else ""
    if fault.cause == "forward":
        entering = [t.numbers for i in op.inputs if (t := recording.tensors.get(i)) is not None and t.numbers is not None and t.numbers.size]
        known = f" The largest value that comes in is {number(max(max(abs(n.min), abs(n.max)) for n in entering))}." if entering else ""
        body = f"Going forward, every input of {called(recording, op)} (op `{op.type}`) is finite, and its result is too large{largest}.{known}"
        label = "finite values go in, and the result is too large"
    else:
        received = fault.step.received[0] if fault.step is not None and fault.step.received else None
        size = f" of norm {number(received.norm)}" if received is not None and received.norm is not None else ""
        body = f"Going backward, a finite gradient{size} comes to {called(recording, op)} (op `{op.type}`), and the product with its derivative is too large{largest}."
        label = "going backward, the first infinity is made here"
    return finding(
        "nonfinite/overflow",
        fault,
        f"{subject(fault, 'not finite')}: {called(recording, op)} overflows {dtype}",
        spot(recording, op),
        label,
        body,
        notes=history(fault, recording),
        help=OVERSHOOTING
        if growth_of(recording, fault.run) is not None
        else "scale the data, bound the exponent (`tf.minimum`, `tf.clip_by_value`), work with logarithms, or use loss scaling with float16",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    place = fault.run.span if fault.run is not None else None
    half = (*brought_to_one(recording, fault.run, place), *wider(recording, found.location, mean=True)) if "float16" in found.message else ()
    if fault.run is not None and fault.run.turn and not half:
        # What came with the updates was finite at first: steps on data far from 1.
        half = brought_to_one(recording, fault.run, place)
    scaled = scaled_data(recording, place) if growth_of(recording, fault.run) is not None and not half else ()
    if not half and (by_degrees := divided_by_degrees(recording, fault.run)):
        return by_degrees
    if logarithm := with_its_logarithm(recording, found.location, fault.op):
        return (*logarithm, *half)
    stable = without_exp(recording, found.location, fault.op)
    same = tuple(f for f in stable if f.applicability == "safe")
    return (
        *same,
        *(scaled_pixels(recording) or (smaller_inputs(recording, fault.run, fault.op) if fault.cause == "forward" and not half else ())),
        *half,
        *(f for f in stable if f not in same),
        *smaller_step(recording, fault),
        *scaled,
        *(single_precision(recording) if "float16" in found.message else ()),
    )
