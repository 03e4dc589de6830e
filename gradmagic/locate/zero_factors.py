"""What made the factor of a product 0, and with it the gradient of what it multiplies."""

from __future__ import annotations

from collections.abc import Iterable

from gradmagic.locate.lone_means import is_own_mean, lone_factor
from gradmagic.locate.paths import Paths
from gradmagic.locate.rectified import rectified
from gradmagic.recording import BackwardStep, Flow, Op, has_gradient_dtype

Death = tuple[BackwardStep, Op, int]
PRODUCTS = frozenset({"Mul", "MatMul", "BatchMatMulV2", "Conv2D", "Conv1D", "Conv3D", "DepthwiseConv2dNative", "Einsum"})
# Their first input is a shape.
TRANSPOSED = frozenset({"Conv2DBackpropInput", "Conv3DBackpropInputV2"})
# What gives zeros for values that are not: where a product has nothing but zeros from one of them, it is the cause.
FLATTENING = frozenset({"Relu", "Relu6", "Exp", "Maximum", "Minimum", "ClipByValue", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"})
# Lists of tensors, and which of their inputs goes on.
LISTS = {"TensorListStack": 0, "TensorListGetItem": 0, "TensorListConcatV2": 0, "TensorListSetItem": -1, "TensorListPushBack": -1}
# Their derivative is 0 where their input is.
FLAT_AT_ZERO = frozenset({"Square", "Pow", "Abs", "L2Loss"})
MOST_BEHIND = 10_000
UNREPLACED = (
    "Reshape",
    "Cast",
    "Identity",
    "MaxPool",
    "AvgPool",
    "Transpose",
    "ExpandDims",
    "Squeeze",
    "Merge",
    "Mul",
    "Pad",
    "Mean",
    "Sum",
    "StridedSlice",
    "Slice",
    "Split",
    "SplitV",
    "Unpack",
    "GatherV2",
    "ConcatV2",
    "Pack",
)


def flattened_behind(paths: Paths, steps: dict[int, BackwardStep], op: Op, position: int) -> Death | None:
    """Where a product sends zeros since its other factor is zero: the step of the op that made the factor so, if a gradient does not pass that op either."""
    tensors = paths.recording.tensors
    if op.type not in PRODUCTS or len(op.inputs) != 2:
        return None
    key = op.inputs[1 - position]
    for _ in range(50):
        tensor, made = tensors.get(key), paths.producer.get(key)
        if tensor is None or not (tensor.all_zero or tensor.dtype == "variant") or made is None or not made.inputs:
            return None
        if made.type in LISTS or (made.type == "Merge" and tensor.dtype == "variant"):
            # What the turns of a loop put into a list, the last of them.
            key = made.inputs[LISTS.get(made.type, -1)]
            continue
        if made.type in FLATTENING or rectified(paths.recording, made) is not None:
            step = steps.get(made.seq)
            if step is None:
                return None
            # Both factors of a product may come from it: then nothing but zeros reaches it, and it would let nothing else pass.
            at_bound = all(f is None or f.zero for f in step.received) and all(tensors[out].all_zero for out in made.outputs if out in tensors)
            dead = (i for i, flow in enumerate(step.sent) if flow is not None and flow.zero and (not at_bound or _was_not_zero(paths, made.inputs[i])))
            found = next(dead, None) if at_bound or is_good(step.received) else None
            return None if found is None else (step, made, found)
        if made.type not in UNREPLACED:
            return None
        key = next((i for i in made.inputs if (t := tensors.get(i)) is not None and t.all_zero and has_gradient_dtype(t.dtype)), made.inputs[0])
    return None


def _was_not_zero(paths: Paths, key: int) -> bool:
    tensor = paths.recording.tensors.get(key)
    return tensor is not None and tensor.all_zero is False and bool(paths.mask.get(key))


def lone_behind(paths: Paths, op: Op, position: int) -> Op | None:
    """The difference of a value and its own mean that made the other factor of a product 0, or all that enters a ReLU."""
    zeros = _inputs_that_stop(op, position)
    waiting, seen = [key for key in zeros if _is_zero(paths, key)], set[int]()
    while waiting and len(seen) < MOST_BEHIND:
        key = waiting.pop()
        made = paths.producer.get(key) if key not in seen else None
        seen.add(key)
        if made is None:
            continue
        if is_own_mean(paths, made):
            return made
        waiting.extend(i for i in reversed(made.inputs) if i not in seen and _is_zero(paths, i))
    return lone_factor(paths, op, position)


def _inputs_that_stop(op: Op, position: int) -> tuple[int, ...]:
    """The inputs that an op sends no gradient for the sake of, where they are 0."""
    if op.type in ("Relu", "Relu6"):
        return op.inputs
    if op.type in TRANSPOSED:
        return (op.inputs[3 - position],) if position in (1, 2) and len(op.inputs) == 3 else ()
    return (op.inputs[1 - position],) if op.type in PRODUCTS and len(op.inputs) == 2 and position < 2 else ()


def _is_zero(paths: Paths, key: int) -> bool:
    tensor = paths.recording.tensors.get(key)
    return tensor is not None and bool(tensor.all_zero) and has_gradient_dtype(tensor.dtype)


def faded_behind(paths: Paths, op: Op, position: int) -> Op | None:
    """The product that was too small for its dtype, where a product sends zeros since its other factor was computed from it."""
    if op.type not in PRODUCTS or len(op.inputs) != 2:
        return None
    key: int | None = op.inputs[1 - position]
    for _ in range(MOST_BEHIND):
        made = paths.producer.get(key) if key is not None else None
        if made is None or key is None:
            return None
        if is_faded(paths, key):
            return made
        key = next((i for i in made.inputs if (t := paths.recording.tensors.get(i)) is not None and t.all_zero and has_gradient_dtype(t.dtype)), None)
    return None


def masked_behind(paths: Paths, op: Op) -> tuple[Op, int] | None:
    """The product with zeros that made what an op is flat at, as in `(mask * error) ** 2`, and which of its factors the gradient is for."""
    if op.type not in FLAT_AT_ZERO or not op.inputs:
        return None
    tensors, key = paths.recording.tensors, op.inputs[0]
    for _ in range(50):
        made = paths.producer.get(key)
        if made is None or not made.inputs or not _is_zero(paths, key):
            return None
        if made.type == "Mul" and len(made.inputs) == 2:
            zeros = [_is_zero(paths, i) for i in made.inputs]
            if zeros.count(True) != 1:
                return None
            position = zeros.index(False)
            variable = (t := tensors.get(made.inputs[1 - position])) is not None and t.variable is not None
            return None if variable or not paths.mask.get(made.inputs[position]) else (made, position)
        if made.type not in UNREPLACED:
            return None
        key = made.inputs[0]
    return None


def is_faded(paths: Paths, key: int) -> bool:
    """Whether a value is a product that was too small for its dtype."""
    tensor = paths.recording.tensors.get(key)
    return tensor is not None and tensor.faded is not None


def is_good(flows: Iterable[Flow | None]) -> bool:
    """Whether what came back is finite, and not all of it zero."""
    known = [f for f in flows if f is not None and f.zero is not None]
    return any(not f.zero for f in known) and all(f.finite for f in known)
