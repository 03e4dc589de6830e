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
from gradmagic.locate.gates import is_learned, reaches_others
from gradmagic.recording import Op, Recording, Tensor, has_gradient_dtype
from gradmagic.report import Finding, Fix
from gradmagic.rules.phrasing import called, finding, it, listing, subject
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
    empty = _selects_nothing(recording, op, fault.input)
    if empty is not None:
        return _empty(fault, *empty, recording)
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


def _empty(fault: Fault, op: Op, made: Tensor, recording: Recording) -> Finding:
    """A selection without an element: one part of several, or all that is selected."""
    parts = [t for out in op.outputs if (t := recording.tensors.get(out)) is not None]
    shared = len(parts) > 1 and any(0 not in (t.shape or ()) for t in parts) and reaches_others(fault.run)
    names, what = listing(fault.names), called(recording, op)
    if shared:
        why = f"{what} gives no row to {names} in this run, so what is computed there has no element"
    else:
        why = f"{what} selects no element in this run, so nothing of {names} reaches the target"
    # Which part a row belongs to is for the data, or for the weights, to say.
    meant = shared or any(is_learned(recording, fault.run, key) for key in op.inputs[1:])
    return finding(
        "zero/rows-not-selected",
        fault,
        f"{subject(fault, 'zero')}: {what} " + (f"gives {it(fault.names)} no row" if shared else "selects nothing"),
        spot(recording, op),
        f"{'a part' if shared else 'the result'} has the shape {made.shape}, without an element",
        f"{why}, and going backward what is not selected gets zeros.",
        severity="note" if meant else "error",
        help="what gets no row in one step may get some in another; if it never does, look at what chooses"
        if meant
        else "look at the bounds of the selection, or at the mask: in this run it leaves nothing",
    )


def _selects_nothing(recording: Recording, op: Op, position: int | None) -> tuple[Op, Tensor] | None:
    """The op at or before this one that made a tensor without an element out of one that has some, and that tensor."""

    def is_empty(key: int) -> bool:
        tensor = recording.tensors.get(key)
        return tensor is not None and tensor.shape is not None and 0 in tensor.shape and has_gradient_dtype(tensor.dtype)

    given = [op.inputs[position]] if position is not None and position < len(op.inputs) and is_empty(op.inputs[position]) else op.inputs
    key = next((i for i in given if is_empty(i)), None)
    if key is None:
        return (op, recording.tensors[op.outputs[0]]) if op.outputs and is_empty(op.outputs[0]) else None
    made = recording.producer.get(key)
    while made is not None:
        before = next((i for i in made.inputs if is_empty(i)), None)
        if before is None:
            return made, recording.tensors[key]
        key, made = before, recording.producer.get(before)
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
