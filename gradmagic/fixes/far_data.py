"""Batches of data far from 1 behind a value, and where the user's code makes them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.code import Code
from gradmagic.fixes.origins import Made, origin
from gradmagic.fixes.standard import FAR, ORDINARY
from gradmagic.locate.paths import values_behind
from gradmagic.locate.reads import variable_read
from gradmagic.recording import FLOATS, Op, Recording, Tensor


def far_behind(recording: Recording, key: int, largest: float = ORDINARY) -> Tensor | None:
    """The one batch of floats that leads to a value through weights of ordinary size and is far from 0; `largest` is what a root mean square of weights may be."""
    found: dict[int, Tensor] = {}
    for behind in values_behind(recording, key, gradients=True):
        tensor, made = recording.tensors.get(behind), recording.producer.get(behind)
        if tensor is None:
            continue
        size = tensor.root_mean_square or 0.0
        if variable_read(recording, behind) is not None:
            if size > largest:
                return None
        elif _is_data(recording, made) and tensor.dtype in FLOATS and len(tensor.shape or ()) >= 2 and size > FAR:
            found[behind] = tensor
    return next(iter(found.values())) if len(found) == 1 else None


def _is_data(recording: Recording, made: Op | None) -> bool:
    if made is not None and made.type == "Cast":
        made = recording.producer.get(made.inputs[0])
    return made is None or made.type.startswith("Iterator")


def made_of(recording: Recording, code: Code, given: cst.BaseExpression) -> tuple[Made, int] | None:
    """The one array that an input, or each of a list of inputs, is taken from, and how many axes it has more than they."""
    parts = [e.value for e in given.elements] if isinstance(given, (cst.List, cst.Tuple)) else [given]
    found = [(made, _left_out(part)) for part in parts if (made := origin(recording, code, part)) is not None]
    return found[0] if len(found) == len(parts) and len({(id(made.assign), axes) for made, axes in found}) == 1 else None


def _left_out(node: cst.BaseExpression) -> int:
    """How many axes an index takes away: one of `x[:, 0]`."""
    return sum(isinstance(e.slice, cst.Index) and isinstance(e.slice.value, cst.Integer) for e in node.slice) if isinstance(node, cst.Subscript) else 0
