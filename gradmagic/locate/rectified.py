"""ReLUs, also those that are written out: `tf.maximum(0.0, z)`, `tf.where(z > 0, z, 0.0)`, `z * tf.cast(z > 0, tf.float32)`."""

from __future__ import annotations

from gradmagic.locate.reads import variable_read
from gradmagic.recording import Op, Recording

RELUS = ("Relu", "Relu6")
WRITTEN = frozenset({"Maximum", "SelectV2", "Select", "Mul"})
# Whether what is compared first is the larger one.
COMPARES = {"Greater": True, "GreaterEqual": True, "Less": False, "LessEqual": False}
WEIGHING = frozenset({"MatMul", "BatchMatMulV2", "Einsum", "Conv2D", "Conv1D", "Conv3D", "DepthwiseConv2dNative"})
PASSING = frozenset({"Reshape", "Cast", "Identity", "MaxPool", "AvgPool", "Transpose", "ExpandDims", "Squeeze", "Mean", "Pad", "ConcatV2", "Pack"})
FAR = 6


def rectified(recording: Recording, op: Op) -> int | None:
    """Which input of an op is rectified: of a ReLU, or of an op that is one in front of further weights (a hinge, which is the loss itself, has none behind it); None for others."""
    if op.type in RELUS:
        return 0
    position = _written(recording, op) if op.type in WRITTEN else None
    return position if position is not None and _feeds_weights(recording, op.outputs[0]) else None


def _written(recording: Recording, op: Op) -> int | None:
    if op.type == "Maximum":
        return next((i for i in (0, 1) if _is_nothing(recording, op.inputs[1 - i])), None)
    if op.type == "Mul":
        return next((i for i in (0, 1) if _is_above(recording, op.inputs[1 - i], op.inputs[i]) is True), None)
    if len(op.inputs) == 3:
        return next((i for i, above in ((1, True), (2, False)) if _is_above(recording, op.inputs[0], op.inputs[i]) is above and _is_nothing(recording, op.inputs[3 - i])), None)
    return None


def _is_above(recording: Recording, key: int, value: int) -> bool | None:
    """Whether a truth value says that a value is above 0, or that it is below; None where it says something else."""
    made = recording.producer.get(key)
    while made is not None and made.type in ("Cast", "Identity"):
        made = recording.producer.get(made.inputs[0])
    if made is None or made.type not in COMPARES or value not in made.inputs[:2]:
        return None
    place = made.inputs.index(value)
    return COMPARES[made.type] == (place == 0) if _is_nothing(recording, made.inputs[1 - place]) else None


def _is_nothing(recording: Recording, key: int) -> bool:
    """Whether a value is a 0 that is written down, and no result."""
    tensor, made = recording.tensors.get(key), recording.producer.get(key)
    return tensor is not None and bool(tensor.all_zero) and tensor.variable is None and (made is None or not made.inputs or made.type in ("ZerosLike", "Fill"))


def _feeds_weights(recording: Recording, key: int) -> bool:
    waiting, seen = [(key, 0)], set[int]()
    while waiting:
        current, depth = waiting.pop()
        for op in recording.consumers.get(current, ()):
            if op.type in WEIGHING and any(variable_read(recording, i) is not None for i in op.inputs if i != current):
                return True
            if op.type in PASSING and depth < FAR and op.seq not in seen:
                seen.add(op.seq)
                waiting += [(out, depth + 1) for out in op.outputs]
    return False
