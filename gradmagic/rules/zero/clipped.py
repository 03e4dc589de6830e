"""`clip_by_value`, `maximum`, `minimum` and the like hold the value at a bound.

What it finds
    The gradient turns to zeros at a clipping op: every element is at the bound.

Why it happens
    Beyond its bound a clipped value does not move with its input, so the derivative is 0 there.

Example
    import tensorflow as tf
    w = tf.Variable([5.0, 7.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.clip_by_value(w, -1.0, 1.0) ** 2)
    grad = tape.gradient(loss, w)

Use instead
    import tensorflow as tf
    w = tf.Variable([5.0, 7.0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(w ** 2)
    grad = tape.gradient(loss, w)

Fix safety
    A gradient that passes the bound keeps the value. A hinge such as `maximum(x, 0)` in a loss has no edit: it is meant to end there. Of an intersection over union the generalised form does not end there.

Not a problem when
    The bound is meant to stop the training there.
"""

from __future__ import annotations

from gradmagic.fixes.bounds import past_the_bound, unit_embeddings, without_bound
from gradmagic.fixes.died_off import brought_back, units_off
from gradmagic.fixes.overlaps import generalised
from gradmagic.fixes.pixel_range import pixel_size, scaled_first
from gradmagic.fixes.probabilities import logits_taken, of_logits
from gradmagic.fixes.single_class import binary_loss, divided_by_itself
from gradmagic.locate.fault import Fault
from gradmagic.locate.rectified import rectified
from gradmagic.recording import Op, Recording
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, is_at_its_least, learned_before, number, subject, target_name
from gradmagic.syntax import spot

CLIPPING = frozenset({"Maximum", "Minimum", "ClipByValue", "Relu6", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"})
BOUNDS = "keep the value inside its bounds (scale what goes in, a sigmoid or tanh in front), or bound the gradient in the place of the value"
LOGITS = "compute the loss from logits (`from_logits=True`), or give the last layer an activation that makes probabilities: `sigmoid` for a single one, `softmax` for classes"
OFF = "units that are off do not come back by themselves: make the network anew, and train it with smaller steps and on inputs that are scaled to about 1"
LONE = "a loss for classes takes one output per class, and for a single output there is the binary one (`BinaryCrossentropy`)"
HINGE = "in a loss, a hinge at 0 asks for nothing more from these examples: harder examples, a larger margin or terms of the same size (normalised embeddings) give it a gradient again"


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause != "died" or op is None or op.type not in CLIPPING or (op.type == "Maximum" and rectified(recording, op) is not None):
        return None
    done = op.type in ("Maximum", "Relu6") and is_at_its_least(fault, recording)
    learned = done and learned_before(fault, recording)
    more = " The loss is exactly 0: for these examples there is nothing left to learn." if done else ""
    more += " In runs before it the gradient was not zero: training came to this point by itself." if learned else ""
    chosen = logits_taken(recording, spot(recording, op), op)
    more += " What goes in is the result of a layer without an activation, and the loss takes it for probabilities." if chosen is not None else ""
    lone = divided_by_itself(recording, op) is not None
    more += " What goes in was divided by its sum over an axis of length 1, so it is 1 whatever it was before." if lone else ""
    size = pixel_size(recording, spot(recording, op), op)
    more += f" Its values are of the size {number(size)} (the root of their mean square), far above the bound of 1: as pixels are that were not divided by 255." if size is not None else ""
    off = units_off(recording, op, fault.input or 0)
    more += f" What goes in is 0 and is computed from {called(recording, off)}, where every unit of the ReLU is off." if off is not None and not done else ""
    return finding(
        "zero/clipped",
        fault,
        f"{subject(fault, 'zero')}: {called(recording, op)} holds every element at its bound" + (f", and {target_name(fault)} is 0" if done else ""),
        spot(recording, op),
        "every element is at the bound, where the derivative is 0",
        f"Going backward, {called(recording, op)} passes the gradient on only where the value lies inside its bounds. In this run no element does.{more}",
        others=[(chosen, "takes probabilities, unless `from_logits=True`")] if chosen is not None and chosen != spot(recording, op) else [],
        severity="note" if learned else "warning" if done else "error",
        help=None if learned else LONE if lone else LOGITS if chosen is not None else HINGE if done or _is_hinge(op, recording, fault.input or 0) else OFF if off is not None else BOUNDS,
    )


def _is_hinge(op: Op, recording: Recording, moving: int) -> bool:
    bounds = [key for position, key in enumerate(op.inputs) if position != moving]
    return op.type in ("Maximum", "Minimum") and any((t := recording.tensors.get(i)) is not None and t.all_zero for i in bounds)


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    if found.severity == "note":
        return ()
    off = units_off(recording, fault.op, fault.input or 0) if fault.op is not None and found.severity == "error" else None
    if back := brought_back(recording, fault.run, off):
        return back
    if divided_by_itself(recording, fault.op) is not None:
        return binary_loss(recording, found.location, fault.op)
    if found.severity == "error" and (apart := generalised(recording, found.location)):
        return apart
    without = of_logits(recording, found.location, fault.op) or without_bound(recording, found.location, fault.op) or unit_embeddings(recording, found.location)
    return without or (scaled_first(recording, found.location, fault.op) + past_the_bound(recording, found.location, fault.input or 0) if found.severity == "error" else ())
