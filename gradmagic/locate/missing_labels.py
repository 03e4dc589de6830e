"""A comparison with NaN that was to find what is missing: NaN equals nothing, so it finds all or nothing."""

from __future__ import annotations

import math

from gradmagic.locate.paths import values_behind
from gradmagic.recording import Op, Recording, Tensor


def compared_with_nan(recording: Recording, key: int) -> tuple[Op, int] | None:
    """A comparison of a value, or of what was computed from it, with NaN alone, and which of its inputs is the value."""
    for op in recording.ops:
        if op.type not in ("NotEqual", "Equal") or len(op.inputs) != 2 or op.phase != "forward":
            continue
        for position in (0, 1):
            value, other = op.inputs[position], op.inputs[1 - position]
            # `x != x` is a question that does find NaN.
            if _is_nan(recording.tensors.get(other)) and key in values_behind(recording, value) and key not in values_behind(recording, other):
                return op, position
    return None


def _is_nan(tensor: Tensor | None) -> bool:
    if tensor is None:
        return False
    if tensor.numbers is not None:
        return 0 < tensor.numbers.size == tensor.numbers.nans
    return tensor.shape == () and tensor.norm is not None and math.isnan(tensor.norm)
