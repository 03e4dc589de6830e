"""Results that are finite numbers, and too large for their dtype."""

from __future__ import annotations

from gradmagic.recording import Op, Recording

OVERSHOOTING = "each step made the gradient larger, so it goes too far: a smaller learning rate, or inputs and targets scaled to about 1 (`clipnorm=1.0` bounds the steps, and hides the cause)"
# Finite everywhere: where their results are not finite, the true ones are too large.
BOUNDLESS = frozenset(
    {"Exp", "Expm1", "Sinh", "Cosh", "Square", "SquaredDifference", "Mul", "MatMul", "BatchMatMulV2", "Einsum", "Conv2D", "Conv1D", "Conv3D", "Sum", "Mean", "Prod", "Cumsum", "AddV2", "Add", "AddN", "Sub", "BiasAdd", "L2Loss", "Cast", "Cumprod", "EuclideanNorm", "Softplus", "Elu", "Relu", "Merge"}
)  # fmt: skip


def is_too_large(recording: Recording, op: Op, cause: str) -> bool:
    """Whether an op that turned finite values into one that is not has a true result, which is too large for the dtype. `cause` is that of a fault: ``"born"`` on the way back."""
    if any((t := recording.tensors.get(i)) is not None and t.finite is False for i in op.inputs):
        return False
    if op.type in BOUNDLESS:
        return not is_over_nothing(recording, op)
    if cause == "born" or op.type not in ("Pow", "RealDiv", "Div") or len(op.inputs) != 2:
        return False
    # A power of 0 or a division by 0 is infinite by itself; of other values it is only too large.
    pole = recording.tensors.get(op.inputs[0 if op.type == "Pow" else 1])
    if pole is None or pole.numbers is None or pole.numbers.zeros or (op.type == "Pow" and pole.numbers.min < 0 and not _is_whole(recording, op.inputs[1])):
        return False
    out = recording.tensors.get(op.outputs[0])
    return out is not None and out.norm is not None and out.norm == float("inf")


def is_over_nothing(recording: Recording, op: Op) -> bool:
    """Whether an op is a mean of no elements, which is 0 divided by 0."""
    given, made = (recording.tensors.get(keys[0]) if keys else None for keys in (op.inputs, op.outputs))
    return op.type == "Mean" and given is not None and given.shape is not None and 0 in given.shape and (made is None or made.shape is None or 0 not in made.shape)


def _is_whole(recording: Recording, key: int) -> bool:
    """Whether a value is one whole number: a power of that is there for negative numbers too."""
    tensor = recording.tensors.get(key)
    numbers = tensor.numbers if tensor is not None else None
    return numbers is not None and numbers.min == numbers.max and float(numbers.min).is_integer()
