"""An op on the path has no gradient at all.

What it finds
    The backward pass raised `LookupError: gradient registry has no entry for: …`.

Why it happens
    For most ops TensorFlow has a gradient, or says that there is none (then the result is None). For some it says nothing, and the tape raises.

Example
    import tensorflow as tf
    x = tf.Variable([1.0, 2.0, 2.0])
    with tf.GradientTape() as tape:
        values, index = tf.unique(x)
        loss = tf.reduce_sum(values)
    grad = tape.gradient(loss, x)

Use instead
    import tensorflow as tf
    x = tf.Variable([1.0, 2.0, 2.0])
    with tf.GradientTape() as tape:
        _, index = tf.unique(tf.stop_gradient(x))
        values = tf.math.unsorted_segment_mean(x, index, tf.reduce_max(index) + 1)
        loss = tf.reduce_sum(values)
    grad = tape.gradient(loss, x)

Fix safety
    Depends on what takes the op's place.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

from gradmagic.fixes.counterparts import counterpart
from gradmagic.fixes.resizing import RESIZING, repeated_pixels, resizings
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run = fault.run
    if run is None or run.raised is None or run.raised.type != "LookupError" or "registry" not in run.raised.message:
        return None
    kind = run.raised.message.rpartition(":")[2].strip()
    ops = [op for op in recording.ops if op.type == kind and op.phase == "forward"]
    stepped = {step.op for step in run.steps}
    op = next((o for o in reversed(ops) if o.seq in stepped), ops[-1] if ops else None)
    expression = called(recording, op) if op is not None else code(kind)
    resized = next((o for o in resizings(recording) if op is None and kind.startswith(o.type)), None)
    others = [(run.span, "raises LookupError")] if op is not None else [(spot(recording, resized), f"runs `{resized.type}`, whose derivative is this op")] if resized is not None else []
    return finding(
        "error/no-gradient-registered",
        fault,
        f"{expression} has no gradient in TensorFlow",
        spot(recording, op) if op is not None else run.span,
        f"op `{kind}` has no gradient",
        f"Going backward, the tape comes to the op {code(kind)}. TensorFlow has no gradient function for it and does not mark it as not differentiable either, so the call raises LookupError.",
        others=others,
        help="compute the same with other ops, or wrap the op in a `tf.custom_gradient` that says what its gradient is",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.run is not None and fault.run.raised is not None and fault.run.raised.message.rpartition(":")[2].strip() in [f"{kind}Grad" for kind in RESIZING]:
        return repeated_pixels(recording)
    if fault.run is not None and found.location is not None and fault.run.span is not None and found.location.line == fault.run.span.line and found.location.cell == fault.run.span.cell:
        # Where the op is not known, there is nothing to put another in the place of.
        return ()
    return counterpart(recording, found.location, next((o for o in recording.ops if o.phase == "forward"), None))
