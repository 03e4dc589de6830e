"""The variable itself was NaN or infinite before this step.

What it finds
    A variable that the target was computed from held a NaN or an infinity when it was read.

Why it happens
    An earlier update wrote it, or it was initialised so. Every result computed from it is NaN.

Example
    import tensorflow as tf
    w = tf.Variable([1.0, float("nan")])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([1.0, 0.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w * w)
    grad = tape.gradient(loss, w)

Fix safety
    The variable gets another value: unsafe.

Not a problem when
    Never.
"""

from __future__ import annotations

from gradmagic.fixes.counts import only_where_counted
from gradmagic.fixes.rates import smaller_step
from gradmagic.fixes.values import without_nan
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import code, finding, name_of, subject, target_name


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "value" or fault.op is None or fault.run is None or fault.detail.get("variable") is None:
        return None
    variable = recording.variables.get(int(str(fault.detail["variable"])))
    if variable is None:
        return None
    name = code(name_of(variable))
    value = next((s.value for s in fault.run.sources if s.id == variable.id), None) or variable.value
    counts = f" It holds {value.nans} NaN and {value.infs} infinite values among {value.size}." if value is not None and not value.finite else ""
    told = f"{target_name(fault)} is not finite although every gradient is" if fault.detail.get("loss") else subject(fault, "not finite")
    return finding(
        "nonfinite/bad-variable-value",
        fault,
        f"{told}: {name} is not finite itself when it is read",
        fault.op.span,
        f"{name} is read here and is not finite",
        f"Before any op of this step, {name} holds values that are not finite.{counts} All that is computed from it is not finite either.",
        others=[(variable.created_at, "made here")] if variable.created_at else [],
        help="look at how the variable was initialised and at the update before this step",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    variable = recording.variables.get(int(str(fault.detail["variable"])))
    counted = only_where_counted(recording, fault.run, variable) if fault.run is not None else ()
    return smaller_step(recording, fault) or counted or without_nan(recording)
