"""A difference of two values of one function whose arguments are the same number: the step between them is lost when it is added."""

from __future__ import annotations

from gradmagic.locate.lone_means import reaches_without
from gradmagic.locate.paths import Paths, values_behind
from gradmagic.recording import Op, Recording

MOST = 200


def lost_step(paths: Paths, index: int) -> tuple[Op, Op] | None:
    """The difference through which every way from a source to the target leads, and the sum whose second term is too small to change the first."""
    bit, recording = 1 << index, paths.recording
    for op in paths.ops:
        if op.type != "Sub" or len(op.inputs) != 2 or op.outputs[0] not in paths.ancestors or not all(paths.mask.get(key, 0) & bit for key in op.inputs):
            continue
        made = recording.tensors.get(op.outputs[0])
        if made is None or not made.all_zero or reaches_without(paths, index, op):
            continue
        for key in op.inputs:
            lost = next((sum_ for sum_ in _behind(recording, key) if _adds_nothing(recording, sum_)), None)
            if lost is not None:
                return op, lost
    return None


def _behind(recording: Recording, key: int) -> list[Op]:
    found = []
    for count, current in enumerate(values_behind(recording, key)):
        made = recording.producer.get(current)
        if made is not None:
            found.append(made)
        if count > MOST:
            break
    return found


def _adds_nothing(recording: Recording, op: Op) -> bool:
    """Whether a sum of a value and a number that is not 0 is the value itself."""
    if op.type not in ("AddV2", "Sub") or len(op.inputs) != 2:
        return False
    made, value, step = (recording.tensors.get(key) for key in (op.outputs[0], *op.inputs))
    if made is None or value is None or step is None or made.norm is None or value.norm is None or step.norm is None:
        return False
    return step.shape == () and step.variable is None and 0.0 < step.norm < 1e-3 * value.norm and made.norm == value.norm
