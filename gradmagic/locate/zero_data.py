"""Data that are 0 in every element, and what they make 0 on the way."""

from __future__ import annotations

from gradmagic.locate.paths import values_behind
from gradmagic.recording import Op, Recording, Tensor

BROUGHT = ("Iterator", "Optional", "Placeholder")
LAYERS = frozenset({"MatMul", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2dNative"})


def data_of_zeros(recording: Recording, op: Op | None) -> Tensor | None:
    """The data that are the reason why what a layer multiplies its weights by, or what enters an activation, is 0 everywhere; None where something else is."""
    key = op.inputs[0] if op is not None and op.inputs else None
    tensor = recording.tensors.get(key) if key is not None else None
    if op is None or key is None or tensor is None or not tensor.all_zero or (op.type not in LAYERS and not op.type.startswith("Relu")):
        return None
    brought = [t for t in map(recording.tensors.get, values_behind(recording, key, gradients=True)) if t is not None and _is_brought(recording, t)]
    if not brought or not all(t.all_zero for t in brought):
        return None
    return max(brought, key=lambda t: len(t.shape or ()))


def _is_brought(recording: Recording, tensor: Tensor) -> bool:
    """Whether a tensor of examples came from outside TensorFlow's ops: not a weight, and not a number."""
    made = recording.producer.get(tensor.id)
    if made is not None and made.type == "Cast" and made.inputs[0] not in recording.variables:
        # Of integers nothing was looked at before they were cast.
        made = recording.producer.get(made.inputs[0])
    is_leaf = made is None or made.type.startswith(BROUGHT)
    return is_leaf and tensor.id not in recording.variables and tensor.variable is None and len(tensor.shape or ()) >= 2
