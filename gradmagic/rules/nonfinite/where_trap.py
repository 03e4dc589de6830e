"""`tf.where` selects a bad branch away going forward, while its 0 × inf comes back as NaN.

What it finds
    Going backward, an op that received a gradient of 0 for an element multiplied it by an infinite derivative, and between that op and the target stands a selection.

Why it happens
    `tf.where` computes both branches and picks one per element. Going backward, the branch that was not picked is sent a 0. Where its derivative is infinite, 0 × inf is NaN.

Example
    import tensorflow as tf
    rate = tf.Variable([2.0, 0.0, 4.0])
    with tf.GradientTape() as tape:
        score = tf.where(rate > 0, tf.math.log(rate), 0.0)
        loss = tf.reduce_sum(score)
    grad = tape.gradient(loss, rate)

Use instead
    import tensorflow as tf
    rate = tf.Variable([2.0, 0.0, 4.0])
    with tf.GradientTape() as tape:
        score = tf.where(rate > 0, tf.math.log(tf.where(rate > 0, rate, 1.0)), 0.0)
        loss = tf.reduce_sum(score)
    grad = tape.gradient(loss, rate)

Fix safety
    Safe: the inner `tf.where` changes only elements that the outer one throws away.

Not a problem when
    Never: the optimizer would write NaN into the variable.
"""

from __future__ import annotations

from gradmagic.fixes.numerics import double_where
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, number, subject, target_name
from gradmagic.syntax import spot

SELECTIONS = ("SelectV2", "Select")


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, step = fault.op, fault.step
    if fault.cause != "born" or op is None or step is None or fault.run is None:
        return None
    received = step.examples.get("received")
    zero_came_in = isinstance(received, tuple) and bool(received) and received[0] == 0.0
    hiding = [o for o in fault.ops if o.type in SELECTIONS] or [o for o in fault.ops if o.type in ("Mul", "DivNoNan", "MulNoNan")]
    if not zero_came_in or not hiding:
        return None
    hider = hiding[0]
    entering = step.examples.get("inputs")
    at = next((v for v in entering if isinstance(v, float)), None) if isinstance(entering, tuple) else None
    where = f" At element {step.examples.get('index')} its input is {number(at)}." if at is not None else ""
    count = step.examples.get("count")
    name = "`tf.where`" if hider.type in SELECTIONS else "the product"
    value = f", and {target_name(fault)} is {number(fault.run.target_value)}" if fault.run.target_value is not None else ""
    return finding(
        "nonfinite/where-trap",
        fault,
        f"{subject(fault, 'NaN')}: {name} hides the value of {called(recording, op)}, not its gradient",
        spot(recording, op),
        "going backward, the first NaN is made here",
        f"{called(recording, hider)} computes both of its branches and then picks one per element. Going forward, the bad elements of {called(recording, op)} are thrown away{value}. "
        f"Going backward, they are sent a gradient of 0, and the derivative there is infinite.{where} So the tape computes\n\n    0 × inf  =  NaN"
        if hider.type in SELECTIONS
        else f"Going forward, {called(recording, hider)} multiplies the bad elements away{value}. Going backward they are sent a gradient of 0, and the derivative there is infinite.{where} So the tape computes\n\n    0 × inf  =  NaN",
        others=[(spot(recording, hider), "hides values only")],
        notes=(f"{count} {'element is' if count == 1 else 'elements are'} not finite in the gradient that {code(op.type)} sends",) if count else (),
        help="give the function a harmless input wherever the mask is false: a `tf.where` inside, around its argument, as well as outside",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    hider = found.labels[1].location if len(found.labels) > 1 else None
    return double_where(recording, found.location, hider)
