"""The forward value is finite, and the derivative of one op is not at this point.

What it finds
    Going backward, an op received finite gradients and sent some that are not finite, while what it computed going forward is finite.

Why it happens
    Some functions are infinitely steep at a point: `sqrt` and `norm` at 0, `x ** 0.5` at 0, `acos` at 1 and -1, the standard deviation of equal values.

Example
    import tensorflow as tf
    x = tf.Variable([0.0, 4.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(x))
    grad = tape.gradient(loss, x)

Use instead
    import tensorflow as tf
    x = tf.Variable([0.0, 4.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(x + 1e-12))
    grad = tape.gradient(loss, x)

Fix safety
    A small constant under the root changes the value a little: unsafe.

Not a problem when
    Never: the optimizer would write NaN or infinity into the variable.
"""

from __future__ import annotations

from gradmagic.fixes.numerics import away_from_the_edge
from gradmagic.fixes.similarity import at_one_scale
from gradmagic.fixes.starts import random_start
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, number, subject
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, step = fault.op, fault.step
    if fault.cause != "born" or op is None or step is None:
        return None
    out = recording.tensors.get(op.outputs[0]) if op.outputs else None
    if out is not None and out.finite is False:
        return None
    entering = step.examples.get("inputs")
    leaving = step.examples.get("outputs")
    at = next((v for v in entering if isinstance(v, float)), None) if isinstance(entering, tuple) else None
    result = next((v for v in leaving if isinstance(v, float)), None) if isinstance(leaving, tuple) else None
    point = f" At element {step.examples.get('index')}" if step.examples.get("index") else " There"
    values = f"{point} its input is {number(at)}." if at is not None else f"{point} its result is {number(result)}." if result is not None else ""
    sent = step.examples.get("sent")
    state = "NaN" if isinstance(sent, float) and sent != sent else "infinite"
    return finding(
        "nonfinite/infinite-derivative",
        fault,
        f"{subject(fault, 'not finite')}: {called(recording, op)} is infinitely steep at this point",
        spot(recording, op),
        f"going backward, the first {state} value is made here",
        f"Going forward, {called(recording, op)} (op `{op.type}`) is finite.{values} Going backward it receives finite gradients and sends {state} ones: its derivative is infinite at this point.",
        help="keep away from that point: `sqrt(x + eps)`, `tf.maximum(x, eps)`, `tf.math.divide_no_nan`",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    edge = at_one_scale(recording, found.location, fault.op) or away_from_the_edge(recording, found.location, fault.op)
    start = random_start(recording, fault.run)
    entering = recording.tensors.get(fault.op.inputs[0]) if fault.op is not None and fault.op.inputs else None
    if edge and start and entering is not None and entering.all_zero:
        # Weights of zero lead to this point, and keep everything before it from learning.
        edits = tuple(e for e in start[0].edits if not any(e.cell == f.cell and e.start_line <= f.end_line and f.start_line <= e.end_line for f in edge[0].edits))
        return (Fix(f"{edge[0].title}, and {start[0].title}", (*edge[0].edits, *edits), "unsafe"), *edge)
    return edge
