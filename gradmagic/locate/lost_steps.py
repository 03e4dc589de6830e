"""A difference of two values of one function whose arguments are the same number: the step between them is lost when it is added."""

from __future__ import annotations

import itertools

from gradmagic.locate.paths import Paths, values_behind
from gradmagic.recording import Op, Recording

MOST = 200


def lost_steps(paths: Paths) -> list[tuple[Op, Op]]:
    """The differences of a run that are 0 for every element, each with the sum behind it whose second term is too small to change the first."""
    recording, found = paths.recording, []
    for op in paths.ops:
        made = recording.tensors.get(op.outputs[0]) if op.type == "Sub" and len(op.inputs) == 2 else None
        if made is None or not made.all_zero or op.outputs[0] not in paths.ancestors:
            continue
        behind = (recording.producer.get(key) for value in op.inputs for key in itertools.islice(values_behind(recording, value), MOST))
        lost = next((sum_ for sum_ in behind if sum_ is not None and _adds_nothing(recording, sum_)), None)
        if lost is not None:
            found.append((op, lost))
    return found


def _adds_nothing(recording: Recording, op: Op) -> bool:
    """Whether a sum of a value and a number that is not 0 is the value itself."""
    if op.type not in ("AddV2", "Sub") or len(op.inputs) != 2:
        return False
    made, value, step = (recording.tensors.get(key) for key in (op.outputs[0], *op.inputs))
    if made is None or value is None or step is None or made.norm is None or value.norm is None or step.norm is None:
        return False
    return step.shape == () and step.variable is None and 0.0 < step.norm < 1e-3 * value.norm and made.norm == value.norm
