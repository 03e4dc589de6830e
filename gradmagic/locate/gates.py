"""Gates that leave out what was not chosen: one-hot vectors, masks, and parts that no row was put into."""

from __future__ import annotations

from collections.abc import Iterator

from gradmagic.locate.paths import values_behind
from gradmagic.locate.shapes import SHAPE_ONLY
from gradmagic.recording import BackwardStep, GradientRun, Op, Recording, has_gradient_dtype

# What is 0 in their input is 0 in what they give.
KEEP_ZEROS = frozenset(
    {"Reshape", "Cast", "Identity", "Transpose", "ExpandDims", "Squeeze", "Merge", "Mul", "Sum", "StridedSlice", "Slice", "Split", "SplitV", "Unpack", "GatherV2", "ConcatV2", "Pack"}
    | {"RealDiv", "DivNoNan"}
)
SAME_VALUES = frozenset({"Reshape", "Cast", "Identity", "Transpose", "ExpandDims", "Squeeze", "Merge"})
PRODUCTS = frozenset({"Mul", "MatMul", "BatchMatMulV2", "Einsum"})
PUT_TOGETHER = frozenset({"Pack", "ConcatV2"})


def gate_behind(recording: Recording, key: int) -> Op | None:
    """The op that makes a factor 0 for all that was not chosen."""
    waiting, seen = [key], set[int]()
    while waiting:
        current = waiting.pop()
        made = recording.producer.get(current) if current not in seen else None
        seen.add(current)
        if made is None or not made.inputs:
            continue
        given = recording.tensors.get(made.inputs[0])
        if made.type in ("OneHot", "ScatterNd") or (made.type == "Cast" and given is not None and given.dtype == "bool"):
            return made
        if made.type in KEEP_ZEROS:
            waiting += [i for i in made.inputs if (t := recording.tensors.get(i)) is not None and has_gradient_dtype(t.dtype)]
    return None


def is_zero_by_weights(recording: Recording, key: int) -> bool:
    """Whether a value is zero since weights are that it was computed from, whatever a gate leaves of it."""
    waiting, seen = [key], set[int]()
    while waiting:
        current = waiting.pop()
        tensor, made = recording.tensors.get(current), recording.producer.get(current)
        if current in seen or tensor is None or not tensor.all_zero:
            continue
        if tensor.variable is not None or current in recording.variables:
            return True
        seen.add(current)
        waiting += made.inputs if made is not None else ()
    return False


def gated_parts(recording: Recording, op: Op, step: BackwardStep | None) -> tuple[Op, Op] | None:
    """(product, gate) where all that reads parts which were put together is a product with a gate, and a gradient came back to other parts."""
    if op.type not in PUT_TOGETHER or step is None or not any(flow is not None and flow.zero is False for flow in step.sent):
        return None
    found = [(user, key) for out in op.outputs for user, key in _readers(recording, out)]
    products = []
    for user, key in found:
        gates = [gate for i in user.inputs if i != key and (gate := gate_behind(recording, i)) is not None] if user.type in PRODUCTS else []
        if not gates:
            return None
        products.append((user, gates[0]))
    return products[0] if products else None


def _readers(recording: Recording, key: int) -> Iterator[tuple[Op, int]]:
    """What reads a value, or the same elements in another shape, going forward, and under which id."""
    for user in recording.consumers.get(key, ()):
        if user.phase != "forward" or user.type in SHAPE_ONLY:
            continue
        if user.type in SAME_VALUES:
            for out in user.outputs:
                yield from _readers(recording, out)
        else:
            yield user, key


def is_learned(recording: Recording, run: GradientRun | None, key: int) -> bool:
    """Whether a choice follows, in whatever way, from weights that are trained, and leaves others their gradient: then it is another one in another step."""
    if not reaches_others(run):
        return False
    behind = {t.variable if t is not None and t.variable is not None else k for k in values_behind(recording, key) for t in [recording.tensors.get(k)]}
    return any(recording.variables[k].trainable for k in behind if k in recording.variables)


def reaches_others(run: GradientRun | None) -> bool:
    """Whether a run gave some source a gradient that is not zero."""
    return run is not None and any(g.numbers is not None and not g.numbers.all_zero for g in run.gradients)
