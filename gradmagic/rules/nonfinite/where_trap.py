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

import math

from gradmagic.fixes.double_where import double_where
from gradmagic.fixes.masks import finite_mask
from gradmagic.fixes.own_side import on_its_own_side
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, number, subject, target_name
from gradmagic.syntax import spot

SELECTIONS = ("SelectV2", "Select")


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op, step = fault.op, fault.step
    if fault.cause not in ("born", "thrown away") or op is None or step is None or fault.run is None:
        return None
    received = step.examples.get("received")
    zero_came_in = isinstance(received, tuple) and bool(received) and received[0] == 0.0
    hider = _hider(fault, recording)
    if hider is None or not (zero_came_in or fault.cause == "thrown away"):
        return None
    entering = step.examples.get("inputs")
    at = next((v for v in entering if isinstance(v, float)), None) if isinstance(entering, tuple) else None
    where = f" At element {step.examples.get('index')} its input is {number(at)}." if at is not None else ""
    count = step.examples.get("count")
    name = "`tf.where`" if hider.type in SELECTIONS else "the product"
    value = f", and {target_name(fault)} is {number(fault.run.target_value)}" if fault.run.target_value is not None else ""
    forward = f"{called(recording, hider)} computes both of its branches and then picks one per element. Going forward, t" if hider.type in SELECTIONS else "Going forward, t"
    forward += (
        f"he bad elements of {called(recording, op)} are {'thrown' if hider.type in SELECTIONS else 'multiplied'} away{'' if hider.type in SELECTIONS else f' by {called(recording, hider)}'}{value}."
    )
    met = fault.detail.get("met")
    masked = op.type in ("Softmax", "LogSoftmax") and any((t := recording.tensors.get(i)) is not None and t.norm == math.inf for i in op.inputs)
    if isinstance(met, Op):
        backward = (
            f"{called(recording, op)} gives values that are not finite. Going backward, what is computed from them is sent a gradient of 0, and {called(recording, met)} multiplies it with them."
        )
    elif masked:
        backward = (
            f"Of a row with nothing but the mask's infinite number, {called(recording, op)} has no value. Going backward, such a row is sent a gradient of 0, which is multiplied with its values."
        )
    else:
        backward = f"Going backward, they are sent a gradient of 0, and the derivative there is infinite.{where}"
    return finding(
        "nonfinite/where-trap",
        fault,
        f"{subject(fault, 'NaN')}: {name} hides the value of {called(recording, op)}, not its gradient",
        spot(recording, op),
        "the values that are not finite are made here" if isinstance(met, Op) else "going backward, the first NaN is made here",
        f"{forward} {backward} So the tape computes\n\n    0 × {'NaN' if masked else 'inf'}  =  NaN",
        others=[(spot(recording, hider), "hides values only")],
        notes=(f"{count} {'element is' if count == 1 else 'elements are'} not finite in the gradient that {code(step.type)} sends",) if count else (),
        help="mask with a large finite number (`-1e9`), of which a softmax over nothing else has a value"
        if masked
        else "give the function a harmless input wherever the mask is false: a `tf.where` inside, around its argument, as well as outside",
    )


def _hider(fault: Fault, recording: Recording) -> Op | None:
    """The selection or product between the op and the target that lets nothing through at the bad element; a selection sooner than a product."""
    hidden_by = fault.step.examples.get("hidden_by") if fault.step is not None else None
    if not isinstance(hidden_by, dict) or fault.run is None or fault.op is None:
        return None
    way = {out for op in (fault.op, *fault.ops) for out in op.outputs}
    closed = {step.op: hidden_by[step.seq] for step in fault.run.steps if step.seq in hidden_by}
    hiding = [op for op in fault.ops if any(position < len(op.inputs) and op.inputs[position] in way for position in closed.get(op.seq, ()))]
    return next((op for op in hiding if op.type in SELECTIONS), hiding[0] if hiding else None)


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    hider = found.labels[1].location if len(found.labels) > 1 else None
    return finite_mask(recording, found.location, fault.op) or on_its_own_side(recording, found.location, hider) or double_where(recording, found.location, hider)
