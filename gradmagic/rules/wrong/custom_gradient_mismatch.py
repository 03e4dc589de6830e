"""A custom gradient contradicts the numerical derivative.

What it finds
    With `--numeric`: the gradient that a `tf.custom_gradient` returns at its real inputs differs from central differences of its forward function.

Why it happens
    The gradient function is written by hand and nothing checks it. A missing factor, a wrong sign or a transposed matrix trains on without an error.

Example
    import tensorflow as tf
    @tf.custom_gradient
    def square(x):
        def grad(dy):
            return dy
        return x ** 2, grad
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(square(x))
    grad = tape.gradient(loss, x)

Use instead
    import tensorflow as tf
    @tf.custom_gradient
    def square(x):
        def grad(dy):
            return 2.0 * x * dy
        return x ** 2, grad
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(square(x))
    grad = tape.gradient(loss, x)

Fix safety
    The forward value stays as it is.

Not a problem when
    The gradient deviates on purpose: a straight-through estimator, gradient reversal, gradient clipping.
"""

from __future__ import annotations

from gradmagic.fixes.custom import corrected
from gradmagic.fixes.silu import product_with_sigmoid
from gradmagic.locate.fault import Fault
from gradmagic.locate.wrong import MEANT
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import ORDINALS, code, finding, number
from gradmagic.syntax import returned_at

PURPOSES = {
    "straight-through": "is flat between jumps, so a gradient that is not zero is a stand-in for it (a straight-through estimator)",
    "reversed": "hands its input on unchanged, so a gradient with the other sign is a reversal",
    "the values pass unchanged": "hands its input on unchanged, so only the gradient is meant to change (scaling, clipping, noise)",
    "clipped": "has the same derivative wherever it is small, and a bound holds the rest",
}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    check = fault.numeric
    if check is None or check.custom is None:
        return None
    which = check.input_name or f"{ORDINALS.get(check.source or 0, f'number {(check.source or 0) + 1}')} input"
    name = code(check.custom)
    at = "Close to its real inputs, which stand at a kink," if check.beside else "At its real inputs"
    meant = check.note.removeprefix(MEANT) if check.note.startswith(MEANT) else None
    if check.note.startswith(("shape", "dtype")):
        detail = f"it returns the {check.note}"
        body = f"{at}, the gradient function of {name} returns for {which} a gradient with the {check.note}."
    else:
        factor = f", {number(check.ratio)} times the numerical one" if check.ratio is not None else ""
        how = f": {check.note}" if check.note and meant is None else f": it is {number(check.ratio)} times the right one" if check.ratio is not None else ""
        detail = f"it gives {number(check.analytic)} where the numerical derivative is {number(check.numeric)}"
        body = (
            f"{at} and along a random direction, the gradient function of {name} gives {number(check.analytic)} for {which}{factor}. Central differences of its own forward function give "
            f"{number(check.numeric)} (relative error {number(check.error)}){how}."
        )
    if meant is not None:
        body += f" Its forward function {PURPOSES.get(meant, 'suggests that this is on purpose')}."
    op = recording.by_seq.get(check.op) if check.op is not None else None
    run = fault.run
    names = fault.names or (tuple(s.name for s in run.sources) if run is not None else ())
    return finding(
        "wrong/custom-gradient-mismatch",
        fault,
        f"the custom gradient of {name} deviates on purpose ({meant})" if meant is not None else f"the custom gradient of {name} is wrong: {detail}",
        returned_at(recording, check.span) if check.span else op.span if op else None,
        "this gradient function does not fit its forward function",
        body,
        severity="note" if meant is not None else "error",
        others=[(op.span, "used here")] if op is not None and op.span else [],
        variables=names,
        help="if it deviates on purpose (straight-through, reversal), accept it: `# gradmagic: expected wrong/custom-gradient-mismatch`",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    check = fault.numeric
    if check is None or found.severity == "note":
        return ()
    op = recording.by_seq.get(check.op) if check.op is not None else None
    return product_with_sigmoid(recording, op) or corrected(recording, check.custom, check.source or 0, op, check.ratio)
