"""Over which axis a weighed sum adds up what it weighs."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.calls import call_of
from gradmagic.fixes.code import argument, code_at
from gradmagic.recording import Op, Recording, Tensor

KEPT = ("Identity", "Cast")
SHAPED = ("Squeeze", "ExpandDims", "Reshape", "StridedSlice")
SUMS = {"Sum": ("reduce_sum", "sum"), "Mean": ("reduce_mean", "mean")}
MATRICES = ("BatchMatMulV2", "BatchMatMulV3", "BatchMatMul", "MatMul")
Shape = tuple[int | None, ...]
# For each axis of a tensor on the way, which axis of the weights it is.
Axes = tuple[int | None, ...]


def pooled_axis(recording: Recording, weights: Tensor, single: int) -> int | None:
    """The axis of `weights` (one of whose axes, `single`, has one element) along which what they are multiplied with is summed; None where there is none, or several."""
    assert weights.shape is not None
    found: set[int | None] = set()
    waiting: list[tuple[int, Axes, bool]] = [(weights.id, tuple(range(len(weights.shape))), False)]
    seen = {weights.id}
    born = recording.producer[weights.id].seq if weights.id in recording.producer else 0
    # A traced step holds its gradient as ops like any others, which multiply and sum by the same shapes.
    end = min((run.seq for run in recording.runs if run.seq > born), default=None)
    while waiting:
        tensor, axes, wide = waiting.pop()
        for user in recording.consumers.get(tensor, ()):
            made = recording.tensors.get(user.outputs[0]) if user.outputs else None
            if user.phase != "forward" or (end is not None and user.seq > end) or made is None or made.shape is None:
                continue
            if user.type in SUMS and wide:
                found.update(axes[k] for k in _reduced(recording, user, made.shape))
                continue
            for after, wider in _behind(recording, user, tensor, axes, made.shape, single, found):
                if made.id not in seen:
                    seen.add(made.id)
                    waiting.append((made.id, after, wide or wider))
    found -= {None, single}
    return found.pop() if len(found) == 1 else None


def _behind(recording: Recording, user: Op, tensor: int, axes: Axes, made: Shape, single: int, found: set[int | None]) -> Iterator[tuple[Axes, bool]]:
    """The axes of an op's result, and whether it has values of others along the single axis, or along new ones. What a product sums over is `found`."""
    given = recording.tensors[tensor].shape
    if given is None:
        return
    if user.type in KEPT:
        yield axes, False
    elif user.type in SHAPED and tensor == user.inputs[0]:
        long = [a for a, n in zip(axes, given, strict=True) if n != 1]
        if [n for n in given if n != 1] == [n for n in made if n != 1]:
            rest = iter(long)
            yield tuple(next(rest) if n != 1 else None for n in made), False
    elif user.type == "Transpose" and tensor == user.inputs[0] and len(set(given)) == len(given):
        yield tuple(axes[given.index(n)] for n in made), False
    elif user.type == "Mul":
        after = (None,) * (len(made) - len(axes)) + axes
        yield after, any(n != 1 and (a is None or a == single) for a, n in zip(after, made, strict=True))
    elif user.type in MATRICES and len(given) >= 2 and len(made) >= 2:
        second = tensor == user.inputs[1]
        at = _contracted(recording, user, given, made, second)
        if axes[at] not in (None, single):
            found.add(axes[at])
        else:
            kept = axes[-1 if at == len(axes) - 2 else -2]
            lead = (None,) * (len(made) - len(axes)) + axes[:-2]
            yield (*lead, None, kept) if second else (*lead, kept, None), True
    elif user.type == "Einsum":
        found.update(axes[k] for k in _summed_letters(recording, user, user.inputs.index(tensor)) if k < len(axes))


def _reduced(recording: Recording, op: Op, made: Shape) -> tuple[int, ...]:
    """The one axis that a sum or mean is taken over, from the shapes, and from what is written where they leave it open; empty where there are several."""
    tensor = recording.tensors.get(op.inputs[0])
    given = tensor.shape if tensor is not None else None
    if given is None:
        return ()
    if len(made) == len(given):
        gone = [k for k, (n, m) in enumerate(zip(given, made, strict=True)) if n != m]
    else:
        gone = [k for k in range(len(given)) if given[:k] + given[k + 1 :] == made]
        if len(gone) > 1:
            gone = [k for k in gone if k == _written_axis(recording, op, len(given))]
    return tuple(gone) if len(gone) == 1 else ()


def _written_axis(recording: Recording, op: Op, rank: int) -> int | None:
    code = code_at(recording, op.span)
    call = call_of(code, op.span, SUMS[op.type])
    axis = argument(call, 1, "axis") if call is not None else None
    text = code.text(axis.value) if code is not None and axis is not None else ""
    return int(text) % rank if text.removeprefix("-").isdecimal() else None


def _contracted(recording: Recording, op: Op, given: Shape, made: Shape, second: bool) -> int:
    """The axis of one factor of a matrix product that is summed over; as without transposing where the sizes leave it open."""
    rows, columns = len(given) - 2, len(given) - 1
    plain, turned = (rows, columns) if second else (columns, rows)
    kept = made[-1] if second else made[-2]
    if given[turned] == kept and given[plain] == kept:
        code = code_at(recording, op.span)
        call = call_of(code, op.span, ("matmul",))
        side = "b" if second else "a"
        flag = argument(call, None, f"transpose_{side}", f"adjoint_{side}") if call is not None else None
        return turned if code is not None and flag is not None and code.text(flag.value) == "True" else plain
    return plain if given[turned] == kept else turned


def _summed_letters(recording: Recording, op: Op, position: int) -> tuple[int, ...]:
    """The axes of one factor of an `einsum` that its result does not have."""
    code = code_at(recording, op.span)
    call = call_of(code, op.span, ("einsum",))
    first = argument(call, 0, "equation", "subscripts") if call is not None else None
    text = first.value.evaluated_value if first is not None and isinstance(first.value, cst.SimpleString) else None
    if not isinstance(text, str) or "->" not in text or "..." in text:
        return ()
    factors, result = text.replace(" ", "").split("->")
    letters = factors.split(",")
    return tuple(k for k, letter in enumerate(letters[position]) if letter not in result) if position < len(letters) else ()
