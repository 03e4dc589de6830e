"""Every path is cut at a cast to an integer, bool or string, or the source itself is of such a dtype.

What it finds
    A `tf.cast` from a float to an integer, bool or string dtype on every path, or a source (or watched tensor) whose dtype is none of TensorFlow's float or complex dtypes.

Why it happens
    Integers cannot be changed by an arbitrarily small step, so there is no derivative. TensorFlow records no gradient for a
    value that is not of a float or complex dtype, and none comes out of a cast to one.

Example
    import tensorflow as tf
    w = tf.Variable(2.7)
    with tf.GradientTape() as tape:
        loss = tf.cast(tf.cast(w, tf.int32), tf.float32) * 2.0
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable(2.7)
    with tf.GradientTape() as tape:
        loss = w * 2.0
    grad = tape.gradient(loss, w)

Fix safety
    Without the cast the value is no longer cut to a whole number: unsafe.

Not a problem when
    The whole number is an index or a label and no gradient is expected through it.
"""

from __future__ import annotations

from gradmagic.fixes.between_places import between_places
from gradmagic.fixes.calls import there_and_back
from gradmagic.fixes.cast_before import cast_before_the_tape
from gradmagic.fixes.dtypes import float_source, selects, without_cast
from gradmagic.fixes.looked_up import at_the_embedding
from gradmagic.fixes.selection import soft
from gradmagic.fixes.soft_tokens import mean_of_rows
from gradmagic.locate.fault import Fault
from gradmagic.recording import Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, listing, subject, target_name
from gradmagic.syntax import spot

INDEX = "the integers select elements, and which one is selected has no derivative: weight the neighbours with the fractional part (bilinear sampling), or let a softmax or sigmoid weight all of them"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    if fault.cause != "dtype":
        return None
    names = listing(fault.names)
    if fault.op is None:
        assert fault.run is not None
        dtype = fault.run.sources[fault.sources[0]].dtype
        return finding(
            "none/non-float-dtype",
            fault,
            f"{subject(fault, 'None')}: the source is of dtype {dtype}",
            fault.span,
            f"{names} is of dtype {dtype} here",
            f"A gradient is defined for float and complex dtypes. {names} is {code(dtype)}, so the tape does not watch it and the gradient is None.",
            help="the source selects rows, and an index has no derivative: ask for the gradient with respect to what it selects (the output of the embedding or gather)"
            if any(selects(recording, fault.run.sources[i].id) for i in fault.sources)
            else "make the source a float: `tf.cast(x, tf.float32)`, `tf.range(-4.0, 5.0)`, `tf.Variable(3.0)`",
        )
    to = str(fault.op.attributes.get("DstT", "an integer dtype"))
    return finding(
        "none/non-float-dtype",
        fault,
        f"{subject(fault, 'None')}: {called(recording, fault.op)} turns it into {to}",
        spot(recording, fault.op),
        f"becomes {to}, and the gradient ends here",
        f"Every path from {target_name(fault)} back to {names} goes through this cast. A value of dtype {code(to)} has no derivative, and nothing that comes "
        "after it, not even a cast back to a float, brings one back.",
        help=INDEX if fault.op.outputs and selects(recording, fault.op.outputs[0]) else "keep the value a float on the way to the loss",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.op is not None and (rows := mean_of_rows(recording, found.location)):
        return rows
    if fault.op is not None and (between := between_places(recording, found.location)):
        return between
    if fault.op is not None and (softer := soft(recording, found.location, fault.op)):
        return softer
    if fault.op is not None and (passed := there_and_back(recording, found.location, fault.op)):
        return passed
    if fault.op is not None or fault.run is None:
        return without_cast(recording, found.location, fault.op)
    if vectors := at_the_embedding(recording, fault.run, fault.sources):
        return vectors
    return float_source(recording, fault.run, fault.sources) or cast_before_the_tape(recording, fault.run, fault.sources)
