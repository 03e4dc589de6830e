"""Mixed precision: the optimizer skipped a step because the scaled gradient overflowed.

What it finds
    Gradients of a scaled loss that are not finite, given to a `LossScaleOptimizer`.

Why it happens
    float16 ends at 65504. The optimizer multiplies the loss by a large scale so that small gradients do not become 0; where that is too much it leaves the variables alone, halves the scale and goes on.

Example
    import tensorflow as tf
    w = tf.Variable([1.0, 2.0])
    optimizer = tf.keras.optimizers.LossScaleOptimizer(tf.keras.optimizers.SGD(0.1), initial_scale=2.0**126)
    for step in range(4):
        with tf.GradientTape() as tape:
            loss = optimizer.scale_loss(tf.reduce_sum(1000.0 * w * w))
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Use instead
    import tensorflow as tf
    w = tf.Variable([1.0, 2.0])
    optimizer = tf.keras.optimizers.LossScaleOptimizer(tf.keras.optimizers.SGD(0.0001), initial_scale=2.0**10)
    for step in range(4):
        with tf.GradientTape() as tape:
            loss = optimizer.scale_loss(tf.reduce_sum(1000.0 * w * w))
        grads = tape.gradient(loss, [w])
        optimizer.apply_gradients(zip(grads, [w]))

Fix safety
    A smaller first scale changes no step that was not skipped.

Not a problem when
    It happens now and then: that is how the scale is found.
"""

from __future__ import annotations

from gradmagic.fixes.magnitudes import brought_to_one
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import finding


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "scale" or fault.run is None:
        return None
    bad, runs = int(str(fault.detail["bad"])), int(str(fault.detail["runs"]))
    recovers = bool(fault.detail["recovers"])
    end = (
        "The last step was not skipped: the scale has come down far enough."
        if recovers
        else "The last step was skipped as well: the scale is still too large, or the gradient is not finite without it."
    )
    return finding(
        "step/skipped-by-loss-scale",
        fault,
        f"the optimizer skipped {bad} of {runs} steps: the scaled gradient overflowed",
        fault.span,
        "skips the steps whose gradients are not finite",
        f"In {bad} of {runs} runs of this call a gradient of the scaled loss is not finite. `LossScaleOptimizer` then leaves the variables as they are and halves its scale. {end}",
        severity="note" if recovers or bad < 3 else "warning",
        help=None if recovers else "let it run longer, give it a smaller `initial_scale`, and look at the loss without the scale: if that is not finite either, the scale is not the cause",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return brought_to_one(recording, fault.run, fault.run.span if fault.run is not None else None) if found.severity != "note" else ()
