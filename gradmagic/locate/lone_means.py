"""A value from which its own mean over an axis of length 1 is taken: what is left is 0 whatever the value is."""

from __future__ import annotations

from collections.abc import Mapping

from gradmagic.locate.paths import Paths, values_behind
from gradmagic.recording import Op, Recording, has_gradient_dtype

# What a mean may pass before it is subtracted.
PASSED = ("Identity", "StopGradient", "Reshape", "Squeeze", "ExpandDims", "Cast")
MOST_PASSED = 5


def lone_differences(paths: Paths) -> list[Op]:
    """The ops of a run that take a value's own mean away from it."""
    tensors = paths.recording.tensors
    found = [op for op in paths.ops if op.outputs and op.outputs[0] in paths.ancestors and is_own_mean(paths, op)]
    return [op for op in found if (made := tensors.get(op.outputs[0])) is None or made.all_zero is not False]


def lone_factor(paths: Paths, op: Op, position: int) -> Op | None:
    """The difference that gave a product or a quotient its other factor."""
    if op.type not in ("Mul", "RealDiv", "MatMul") or len(op.inputs) != 2 or position > 1:
        return None
    made = _maker(paths.producer, op.inputs[1 - position])
    return made if made is not None and is_own_mean(paths, made) else None


def _maker(producer: Mapping[int, Op], key: int) -> Op | None:
    """The op that made a value, behind those that hand it on."""
    for _ in range(MOST_PASSED):
        made = producer.get(key)
        if made is None or made.type not in PASSED or not made.inputs:
            return made
        key = made.inputs[0]
    return None


def is_lone(recording: Recording, op: Op) -> bool:
    """Whether an op is a mean over axes of length 1."""
    given, mean = recording.tensors.get(op.inputs[0]) if op.inputs else None, recording.tensors.get(op.outputs[0]) if op.outputs else None
    if op.type != "Mean" or given is None or mean is None or not given.shape or mean.shape is None:
        return False
    # Without `keepdims` the axis is missing: what is left must be all that there was.
    return given.shape == mean.shape or (None not in given.shape and given.shape != (1,) * len(given.shape) and tuple(n for n in given.shape if n != 1) == tuple(n for n in mean.shape if n != 1))


def is_in_lone_normalisation(recording: Recording, op: Op) -> bool:
    """Whether an op belongs to a layer of Keras' that normalises, and takes its means over axes of length 1."""
    layer = recording.layers.get(op.layer) if op.layer is not None else None
    if layer is None or not layer.library:
        return False
    own = [other for other in recording.ops if other.layer == op.layer]
    return any(other.type == "Rsqrt" for other in own) and any(is_lone(recording, other) for other in own)


def is_own_mean(paths: Paths, op: Op) -> bool:
    """Whether an op is the difference of a value and its own mean over axes of length 1."""
    if op.type not in ("Sub", "SquaredDifference") or len(op.inputs) != 2:
        return False
    value, key = op.inputs
    made = _maker(paths.producer, key)
    return made is not None and made.type == "Mean" and made.inputs[0] == value and (is_lone(paths.recording, made) or is_single(paths.recording, op))


def is_single(recording: Recording, op: Op) -> bool:
    """Whether the result of an op is a single number, in whatever shape."""
    made = recording.tensors.get(op.outputs[0]) if op.outputs else None
    return made is not None and made.shape is not None and all(n == 1 for n in made.shape)


def equal_values(recording: Recording, key: int) -> Op | None:
    """The difference of values and their own mean that made a value all zero: the values were equal."""
    for current in values_behind(recording, key, gradients=True):
        tensor, op = recording.tensors.get(current), recording.producer.get(current)
        if tensor is not None and tensor.all_zero and op is not None and op.type == "Sub" and len(op.inputs) == 2:
            mean = _maker(recording.producer, op.inputs[1])
            if mean is not None and mean.type == "Mean" and mean.inputs[0] == op.inputs[0]:
                return op
    return None


def reaches_without(paths: Paths, index: int, *left_out: Op) -> bool:
    """Whether gradients could flow from the target to a source on a way that does not lead through any of these ops."""
    tensors = paths.recording.tensors
    source, cut = paths.run.sources[index].id, {op.seq for op in left_out}
    seen = {source} | {k for k, t in tensors.items() if t.variable == source}
    waiting = list(seen)
    while waiting:
        for op in paths.recording.consumers.get(waiting.pop(), ()):
            for out in op.outputs if op.seq not in cut else ():
                if out in paths.ancestors and out not in seen and ((made := tensors.get(out)) is None or has_gradient_dtype(made.dtype)):
                    seen.add(out)
                    waiting.append(out)
    return any(key in seen for key in paths.targets)
