"""`tf.gradients` was called outside of a graph.

What it finds
    `tf.gradients` (or `tf.hessians`) raised because TensorFlow executes eagerly.

Why it happens
    `tf.gradients` walks a graph that exists before it runs. Eager code has no graph; there a `tf.GradientTape` records what runs.

Example
    import tensorflow as tf
    x = tf.Variable(1.0)
    y = x * 2.0
    z = tf.gradients(y, [x])

Use instead
    import tensorflow as tf
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * 2.0
    z = tape.gradient(y, [x])

Fix safety
    Safe: the values stay as they are.

Not a problem when
    The call stands inside a `tf.function`, where it works.
"""

from __future__ import annotations

from gradmagic.fixes.graph_api import tape_for_graph_api
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding


def explain(fault: Fault, recording: Recording) -> Finding | None:
    raised = fault.run.raised if fault.run else None
    if raised is None or raised.type != "RuntimeError" or fault.run is None or fault.run.kind not in ("tf.gradients", "tf.hessians"):
        return None
    return finding(
        "error/graph-api-in-eager",
        fault,
        f"`{fault.run.kind}` works on graphs, and this code runs eagerly",
        fault.span,
        "raises RuntimeError here",
        f"`{fault.run.kind}` walks back through a graph that was built before. Here every op runs at once and leaves no graph behind. In eager code a `tf.GradientTape` records the ops while they run.",
        help="compute the target inside `with tf.GradientTape() as tape:` and call `tape.gradient(target, sources)`",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return tape_for_graph_api(recording, fault.run)
