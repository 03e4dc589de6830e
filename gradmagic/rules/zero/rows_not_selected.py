"""Only a part of a larger tensor is selected, and the source stands in the other part.

What it finds
    Values that were put together (concatenated or stacked) with others, while every op that reads the result selects rows, columns or elements of the others.

Why it happens
    The gradient of a slice is the gradient of the selected part, and 0 for all the rest.

Example
    import tensorflow as tf
    a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        both = tf.concat([a, b], axis=0)
        loss = tf.reduce_sum(tf.square(both[:2]))
    grads = tape.gradient(loss, [a, b])

Use instead
    import tensorflow as tf
    a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        both = tf.concat([a, b], axis=0)
        loss = tf.reduce_sum(tf.square(both[:4]))
    grads = tape.gradient(loss, [a, b])

Fix safety
    Another selection is another loss: unsafe.

Not a problem when
    The other part is not meant to be used in this step.
"""

from __future__ import annotations

from gradmagic.fixes.selection import lower_rate
from gradmagic.fixes.training import next_block
from gradmagic.locate.fault import Fault
from gradmagic.recording import Op, Recording, has_gradient_dtype
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, listing, subject
from gradmagic.syntax import spot, text_at

GATHERS = frozenset({"ConcatV2", "Concat", "Pack", "DynamicStitch", "ParallelConcat"})
SELECTS = frozenset({"StridedSlice", "Slice", "GatherV2", "Gather", "GatherNd", "Split", "SplitV", "Unpack", "BooleanMask"})


def explain(fault: Fault, recording: Recording) -> Finding | None:
    op = fault.op
    if fault.cause == "dropped" and op is not None:
        return finding(
            "zero/rows-not-selected",
            fault,
            f"{subject(fault, 'zero')}: {called(recording, op)} drops every element",
            spot(recording, op),
            "gives zeros in the place of all that goes in",
            f"{called(recording, op)} drops elements at a rate of 1: nothing of what goes in is left, and {listing(fault.names)} is multiplied with zeros.",
            help="the rate of a dropout is the share that is dropped: 0.0 keeps everything",
        )
    if fault.cause != "died" or op is None:
        return None
    empty = _selects_nothing(recording, op)
    made = recording.tensors.get(empty.outputs[0]) if empty is not None else None
    if empty is not None and made is not None:
        op = empty
        return finding(
            "zero/rows-not-selected",
            fault,
            f"{subject(fault, 'zero')}: {called(recording, op)} selects nothing",
            spot(recording, op),
            f"the result has the shape {made.shape}, without an element",
            f"{called(recording, op)} selects no element in this run, so nothing of {listing(fault.names)} reaches the target, and going backward what is not selected gets zeros.",
            help="look at the bounds of the selection, or at the mask: in this run it leaves nothing",
        )
    if op.type not in GATHERS:
        return None
    selecting = _selections(recording, op)
    if not selecting:
        return None
    chosen = _suspicious(recording, selecting)
    names = listing(fault.names)
    return finding(
        "zero/rows-not-selected",
        fault,
        f"{subject(fault, 'zero')}: the selection from {called(recording, op)} leaves {'it' if len(fault.names) == 1 else 'them'} out",
        spot(recording, chosen),
        f"selects other elements than those of {names}",
        f"{called(recording, op)} puts the values of {names} together with others, and what is read of the result ({len(selecting)} selection{'s' if len(selecting) > 1 else ''}) are the others. "
        "Going backward, what is not selected gets zeros.",
        others=[(spot(recording, op), "put together here")],
        help="compare the bounds of the selections with the order and the sizes of the parts",
    )


def _selects_nothing(recording: Recording, op: Op) -> Op | None:
    """The op at or before this one that made a tensor without an element out of one that has some."""

    def is_empty(key: int) -> bool:
        tensor = recording.tensors.get(key)
        return tensor is not None and tensor.shape is not None and 0 in tensor.shape and has_gradient_dtype(tensor.dtype)

    current: Op | None = op
    while current is not None and current.outputs:
        before = next((i for i in current.inputs if is_empty(i)), None)
        if before is None:
            return current if is_empty(current.outputs[0]) else None
        current = recording.producer.get(before)
    return None


def _selections(recording: Recording, op: Op) -> list[Op]:
    """The selecting ops that read a result, if nothing else of the forward pass does."""
    found: list[Op] = []
    waiting = list(op.outputs)
    while waiting:
        for user in recording.consumers.get(waiting.pop(), ()):
            if user.phase != "forward" or user.type in ("Shape", "ShapeN"):
                continue
            if user.type in ("Identity", "Merge", "Cast"):
                waiting.extend(user.outputs)
            elif user.type in SELECTS:
                found.append(user)
            else:
                return []
    return found


def _suspicious(recording: Recording, selecting: list[Op]) -> Op:
    """Of several selections the one that repeats another; else the last."""
    seen: set[str] = set()
    for op in selecting:
        place = spot(recording, op)
        text = text_at(recording, place) if place is not None else ""
        if text and text in seen:
            return op
        seen.add(text)
    return selecting[-1]


def fixes(fault: Fault, recording: Recording, found: Finding) -> tuple[Fix, ...]:
    """The edits that repair it, best first."""
    return next_block(recording, found.location) or (lower_rate(recording, fault.op, found.location) if "drops every element" in found.message else ())
