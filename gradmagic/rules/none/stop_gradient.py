"""Every path from the target to the source goes through `tf.stop_gradient`.

What it finds
    The source takes part in the computation of the target, and each way back from the target ends at a
    `tf.stop_gradient` (or `keras.ops.stop_gradient`).

Why it happens
    `tf.stop_gradient(x)` hands on the value of `x` and tells the tape to treat the result as a constant. Going
    backward, nothing is sent on to `x`, nor to what `x` was computed from: their gradient is None.

Example
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = a * tf.stop_gradient(b)
    grads = tape.gradient(loss, [a, b])

Use instead
    import tensorflow as tf
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = a * b
    grads = tape.gradient(loss, [a, b])

Fix safety
    Safe for the value: `tf.stop_gradient` never changes it. The gradient, and so the training, changes.

Not a problem when
    The constant is meant: a target network, a teacher, a straight-through estimator, the advantage in an actor-critic loss.
"""

from __future__ import annotations

from gradmagic.fixes.calls import without_stop_gradient
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, listing, subject, target_name
from gradmagic.syntax import spot


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "cut" or op is None or op.type not in ("StopGradient", "PreventGradient"):
        return None
    place = spot(recording, op)
    names, target = listing(fault.names), target_name(fault)
    switch = "`back_prop=False`" if place is not None and "back_prop" in place.code and "stop_gradient" not in place.code else "`stop_gradient`"
    some = any(g is not None and not g.missing for g in fault.run.gradients) if fault.run else False
    refused = any(u.raised is not None and "No gradients provided" in u.raised.message for u in recording.updates)
    left_out = _is_left_out(fault, recording)
    what = called(recording, op)
    if switch == "`stop_gradient`":
        why = f"Going forward, {what} hands its value on unchanged. Going backward, it sends nothing on: for the tape its result is a constant."
    else:
        # TensorFlow's loops look at the argument where they become an op of a graph; eagerly they are loops of Python.
        why = f"In a graph, {switch} makes the result of the loop a constant for everything that goes backward: nothing is sent into its turns. (Outside of a graph TensorFlow ignores this argument.)"
    body = f"{why} Every path from {target} back to {names} goes through it, so the gradient is None."
    return finding(
        "none/stop-gradient",
        fault,
        f"{subject(fault, 'None')}: every path from {target} passes {called(recording, op)}",
        place,
        "going backward, the gradient ends here",
        body,
        severity="note" if left_out else "error" if some or refused or (fault.run and len(fault.run.sources) == 1) else "warning",
        notes=(f"the update of this call leaves {names} out, so that the None is expected",)
        if left_out
        else ()
        if fault.run and fault.run.in_graph
        else ("an optimizer that is given this None skips the variable",),
        help=f"if {names} {'is' if len(fault.names) == 1 else 'are'} to be trained, take {switch} away; if the constant is meant, leave {names} out of the sources",
    )


def _is_left_out(fault: Fault, recording: Recording) -> bool:
    """Whether the code updates the other sources of a call and does not hand these to an optimizer at all: who drops a None knows of it."""
    if fault.run is None:
        return False
    given = {p.variable for u in recording.updates if u.raised is None for p in u.pairs}
    mine = {fault.run.sources[i].id for i in fault.sources}
    return bool(given & {s.id for s in fault.run.sources}) and not given & mine


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return without_stop_gradient(recording, found.location)
