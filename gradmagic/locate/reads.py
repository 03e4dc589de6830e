"""What stands behind a single value: the variable that it was read from, or the dropout that left nothing of it."""

from __future__ import annotations

from gradmagic.locate.paths import Paths
from gradmagic.recording import Op, Recording


def variable_read(recording: Recording, key: int) -> int | None:
    """The variable that a value was read from."""
    if key in recording.variables:
        return key
    tensor, made = recording.tensors.get(key), recording.producer.get(key)
    if tensor is not None and tensor.variable is not None:
        return tensor.variable
    return next((i for i in made.inputs if i in recording.variables), None) if made is not None and made.type == "ReadVariableOp" else None


def dropped_by(paths: Paths, key: int) -> Op | None:
    """The op of a Dropout layer that gave zeros in the place of a value: at a rate of 1 nothing is left of it, and nothing of it is recorded."""
    made = paths.producer.get(key)
    while made is not None and made.type in ("Identity", "Reshape", "Cast") and made.inputs:
        made = paths.producer.get(made.inputs[0])
    layer = paths.recording.layers.get(made.layer) if made is not None and made.layer is not None else None
    return made if made is not None and made.type == "ZerosLike" and layer is not None and layer.library and layer.type.endswith("Dropout") else None
