"""A value from which its own mean over an axis of length 1 is taken: what is left is 0 whatever the value is."""

from __future__ import annotations

from gradmagic.locate.paths import Paths
from gradmagic.recording import Op, Recording

# What a mean may pass before it is subtracted.
PASSED = ("Identity", "StopGradient", "Reshape", "Squeeze", "ExpandDims", "Cast")


def lone_difference(paths: Paths, index: int) -> Op | None:
    """The difference through which every way from a source to the target leads."""
    bit, tensors = 1 << index, paths.recording.tensors
    for op in paths.ops:
        if op.type == "Sub" and len(op.inputs) == 2 and op.outputs[0] in paths.ancestors and paths.bits(op) & bit and _is_own_mean(paths, op):
            made = tensors.get(op.outputs[0])
            if (made is None or made.all_zero is not False) and not reaches_without(paths, index, op):
                return op
    return None


def lone_factor(paths: Paths, op: Op, position: int) -> Op | None:
    """The difference that gave a product or a quotient its other factor."""
    key = op.inputs[1 - position] if op.type in ("Mul", "RealDiv", "MatMul") and len(op.inputs) == 2 and position < 2 else None
    for _ in range(5):
        made = paths.producer.get(key) if key is not None else None
        if made is None or not made.inputs:
            return None
        if made.type == "Sub":
            return made if _is_own_mean(paths, made) else None
        key = made.inputs[0] if made.type in PASSED else None
    return None


def is_lone(recording: Recording, op: Op) -> bool:
    """Whether an op is a mean over axes of length 1."""
    given, mean = recording.tensors.get(op.inputs[0]) if op.inputs else None, recording.tensors.get(op.outputs[0]) if op.outputs else None
    if op.type != "Mean" or given is None or mean is None or not given.shape or mean.shape is None:
        return False
    # Without `keepdims` the axis is missing: what is left must be all that there was.
    return given.shape == mean.shape or (None not in given.shape and given.shape != (1,) * len(given.shape) and tuple(n for n in given.shape if n != 1) == tuple(n for n in mean.shape if n != 1))


def _is_own_mean(paths: Paths, op: Op) -> bool:
    value, key = op.inputs
    for _ in range(5):
        made = paths.producer.get(key)
        if made is None:
            return False
        if made.type == "Mean":
            return made.inputs[0] == value and is_lone(paths.recording, made)
        if made.type not in PASSED:
            return False
        key = made.inputs[0]
    return False


def reaches_without(paths: Paths, index: int, left_out: Op) -> bool:
    """Whether the target is computed from a source on a way that does not lead through an op."""
    source = paths.run.sources[index].id
    seen = {source} | {k for k, t in paths.recording.tensors.items() if t.variable == source}
    waiting = list(seen)
    while waiting:
        for op in paths.recording.consumers.get(waiting.pop(), ()):
            for out in op.outputs if op.seq != left_out.seq else ():
                if out in paths.ancestors and out not in seen:
                    seen.add(out)
                    waiting.append(out)
    return any(key in seen for key in paths.targets)
