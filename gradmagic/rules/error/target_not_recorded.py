"""The target is not a tensor: a Python number, an array, a Keras metric.

What it finds
    The gradient call raised, and what it was to differentiate is no tensor.

Why it happens
    A tape knows tensors by what it recorded. A `float` or a NumPy array has no record.

Example
    import tensorflow as tf
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = float(x * x)
    grad = tape.gradient(loss, x)

Use instead
    import tensorflow as tf
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        loss = x * x
    grad = tape.gradient(loss, x)

Fix safety
    Safe: the value stays as it is.

Not a problem when
    Never: the call raises.
"""

from __future__ import annotations

from gradmagic.fixes.code import last_name
from gradmagic.fixes.escapes import stay_in_tensorflow
from gradmagic.fixes.judged import computed_loss, judged
from gradmagic.fixes.numpy_targets import target_of_tensors
from gradmagic.fixes.sources import variables_of
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import a, article, code, finding

TENSORS = ("EagerTensor", "SymbolicTensor", "ResourceVariable", "Variable", "list", "tuple", "dict")


def explain(fault: Fault, recording: Recording) -> Finding | None:
    run = fault.run
    if run is None or run.raised is None or run.targets or run.target_type in TENSORS or "non-persistent" in run.raised.message:
        return None
    escape = next((e for e in reversed(recording.escapes) if e.seq < run.seq and e.how in (".numpy()", "float()", "int()")), None)
    others = [(escape.span, f"leaves TensorFlow here ({escape.how})")] if escape is not None and escape.span else []
    judge = judged(recording, run)
    method = last_name(judge[1].func) if judge is not None else ""
    return finding(
        "error/target-not-recorded",
        fault,
        f"the target is {article(run.target_type)} {code(run.target_type)}, not a tensor",
        run.span,
        f"the target is {a(run.target_type)} here",
        f"`gradient` was given {article(run.target_type)} {code(run.target_type)} to differentiate. A tape knows only tensors that ops made under it, and TensorFlow raises {code(run.raised.type)}.",
        others=others,
        help=f"`{method}` gives Python numbers: compute the loss of the model's output under the tape, as `compute_loss` does"
        if method
        else "pass the tensor itself; turn it into a Python number only for printing",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.run is not None and any(s.kind == "other" for s in fault.run.sources):
        return variables_of(recording, fault.run)
    if judged(recording, fault.run) is not None:
        return computed_loss(recording, fault.run)
    computed = target_of_tensors(recording, fault.run)
    if computed:
        return computed
    place = found.labels[1].location if len(found.labels) > 1 else found.location
    return stay_in_tensorflow(recording, place, fault.run)
