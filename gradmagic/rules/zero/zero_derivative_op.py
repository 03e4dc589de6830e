"""An op whose registered gradient is zero everywhere.

What it finds
    The gradient turns to zeros at `sign` or another op whose derivative TensorFlow defines as 0.

Why it happens
    The function is flat wherever it is defined.

Example
    import tensorflow as tf
    w = tf.Variable([0.5, -2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sign(w) * 3.0)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([0.5, -2.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.tanh(w) * 3.0)
    grad = tape.gradient(loss, w)

Fix safety
    A smooth stand-in has other values: unsafe.

Not a problem when
    The sign is meant as a constant.
"""

from __future__ import annotations

from gradmagic.fixes.activations import curved
from gradmagic.fixes.smooth import curved_activation, smooth
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, code, finding, subject
from gradmagic.syntax import spot, text_at

# The derivative of what these ops compute by the value that decides between two slopes.
PIECEWISE = {"ReluGrad": "ReLU", "Relu6Grad": "ReLU", "LeakyReluGrad": "leaky ReLU"}


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause == "died" and op is not None and op.type in PIECEWISE and fault.input == 1:
        return _second(fault, recording, op)
    if fault.cause != "died" or op is None or op.type not in ("Sign", "FloorMod", "FloorDiv", "Floor", "ZerosLike"):
        return None
    return finding(
        "zero/zero-derivative-op",
        fault,
        f"{subject(fault, 'zero')}: the derivative of {called(recording, op)} is 0 everywhere",
        spot(recording, op),
        "flat: its derivative is 0",
        f"Going backward, the op `{op.type}` multiplies by 0, whatever its input: its result does not change when the input changes a little.",
        help="use a smooth function such as `tf.tanh`, or a straight-through estimator",
    )


def _second(fault: Fault, recording: Recording, op: Op) -> Finding:
    name = PIECEWISE[op.type]
    # A penalty on gradients leaves the biases of a ReLU network alone: where other sources get theirs, this is as it should be.
    others = fault.run is not None and any(g.numbers is not None and not g.numbers.all_zero for g in fault.run.gradients)
    first = recording.producer.get(op.inputs[1])
    place = spot(recording, first) if first is not None else None
    where = code(text_at(recording, place)) if place is not None else called(recording, op)
    return finding(
        "zero/zero-derivative-op",
        fault,
        f"{subject(fault, 'zero')}: the second derivative of the {name} in {where} is 0 everywhere",
        place or spot(recording, op),
        "made of straight lines: its slope does not change",
        f"The target holds a derivative that came back through the {name} in {where}. Its slope is the same on either side of the kink, so going backward once more it passes on 0, whatever its input.",
        others=[(spot(recording, op), "its derivative is computed here")],
        severity="note" if others else "error",
        help="use an activation that is curved (`tanh`, `swish`, `softplus`) where second derivatives are needed",
    )


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if fault.op is not None and fault.op.type in PIECEWISE:
        return curved(recording, found.location, recording.producer.get(fault.op.inputs[1])) if found.severity == "error" else ()
    return smooth(recording, found.location, fault.op) or curved_activation(recording, found.location)
