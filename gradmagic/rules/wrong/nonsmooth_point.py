"""The function has a kink or a jump at this point, so no number is its derivative.

What it finds
    With `--numeric`: along a random direction the slopes to the two sides of the current point differ however small the step (a kink), or the difference grows without bound (a
    jump), and the gradient of the tape is another number than their mean.

Why it happens
    `relu` at 0, `abs` at 0, `maximum` of equal values have two slopes, and TensorFlow chooses one. A rounding or a comparison that sits exactly at its threshold jumps, and
    TensorFlow's gradient leaves the jump out.

Example
    import tensorflow as tf
    w = tf.Variable([0.0, 1.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.relu(w))
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([0.5, 1.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.nn.relu(w))
    grad = tape.gradient(loss, w)

Fix safety
    There is nothing to fix.

Not a problem when
    Nearly always: any number between the two slopes serves the optimizer. Parameters that begin exactly at such a point can stay there.
"""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding
from gradmagic.rules.phrasing import finding, listing, number, target_name


def explain(fault: Fault, recording: Recording) -> Finding | None:
    check = fault.numeric
    if fault.cause != "nonsmooth" or check is None or fault.run is None:
        return None
    kink = check.note != "jump"
    body = (
        f"Along a random direction the tape gives {number(check.analytic)}, central differences give {number(check.numeric)}, and the slopes to the two sides differ for every step size. At a kink each number "
        "between the two slopes is as good as another; TensorFlow takes one of them."
        if check.note == "kink"
        else f"Along a random direction the tape gives {number(check.analytic)} and central differences give {number(check.numeric)}. An op on the way stands exactly where its slope changes (`relu` at 0, the "
        "larger of equal values), where TensorFlow takes one of the slopes and a difference mixes them."
        if kink
        else f"Along a random direction the tape gives {number(check.analytic)}, and the difference quotient grows without bound as the step shrinks: {target_name(fault)} jumps here. The gradient describes "
        "the pieces on both sides and leaves the jump out."
    )
    return finding(
        "wrong/nonsmooth-point",
        fault,
        f"{target_name(fault)} has a {'kink' if kink else 'jump'} at the current value of {listing(fault.names)}",
        fault.span,
        f"not differentiable at this point: a {'kink' if kink else 'jump'}",
        body,
        severity="note",
        certainty="likely",
    )
