"""A mean over the steps of a row that is masked from end to end: 0 divided by 0, inside a layer of Keras."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, code_at, fix
from gradmagic.fixes.names import new_name
from gradmagic.recording import Op, Recording, Tensor
from gradmagic.report import Fix

PASSING = ("Sum", "Cast", "ExpandDims", "Identity", "Reshape", "Squeeze", "Merge", "Mul")


def divided_by_a_mask(recording: Recording, op: Op | None) -> tuple[int, int] | None:
    """How many rows the mask leaves nothing of, and of how many, where a layer of Keras divides by what its mask leaves."""
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    divisor = recording.tensors.get(op.inputs[1]) if op is not None and op.type == "RealDiv" and len(op.inputs) == 2 else None
    if layer is None or not layer.library or divisor is None or divisor.numbers is None or not divisor.numbers.zeros or _mask(recording, divisor) is None:
        return None
    return divisor.numbers.zeros, divisor.numbers.size


def without_masked_rows(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """`model.fit(x, y)` → `kept = (x != 0).any(axis=1)` and `model.fit(x[kept], y[kept])`, where the mask is made of the zeros in `x`."""
    divisor = recording.tensors.get(op.inputs[1]) if op is not None and divided_by_a_mask(recording, op) is not None else None
    made = recording.producer.get(mask.id) if divisor is not None and (mask := _mask(recording, divisor)) is not None else None
    code = code_at(recording, place)
    call = code.call_at(place, ("fit", "train_on_batch")) if code is not None and place is not None else None
    if code is None or call is None or made is None or made.type != "NotEqual" or not _is_of_the_data(recording, made):
        return ()
    x, y, statement = argument(call, 0, "x"), argument(call, 1, "y"), code.statement(call)
    if x is None or y is None or statement is None or any(a.star or (a.keyword is not None and a.keyword.value in ("sample_weight", "validation_split")) for a in call.args):
        return ()
    if any(not isinstance(a.value, cst.Name) or a.value.value not in recording.arrays for a in (x, y)):
        return ()
    name = new_name(code, "kept")
    change = Change().insert_before(statement, code.line(f"{name} = ({code.text(x.value)} != 0).any(axis=1)"))
    for given in (x, y):
        change.replace(given.value, code.expression(f"{code.text(given.value)}[{name}]"))
    return fix("leave out the rows that are nothing but padding", "unsafe", (code, change))


def _mask(recording: Recording, tensor: Tensor) -> Tensor | None:
    """The truth values that a number of steps was counted from."""
    known: Tensor | None = tensor
    while known is not None and known.dtype != "bool":
        made = recording.producer.get(known.id)
        known = recording.tensors.get(made.inputs[0]) if made is not None and made.type in PASSING and made.inputs else None
    while known is not None and (made := recording.producer.get(known.id)) is not None and made.type in PASSING and made.inputs:
        known = recording.tensors.get(made.inputs[0])
    return known


def _is_of_the_data(recording: Recording, op: Op) -> bool:
    """Whether what a training call was given is compared with 0."""
    zero = recording.tensors.get(op.inputs[1]) if len(op.inputs) == 2 else None
    made = recording.producer.get(op.inputs[0])
    while made is not None and made.type in ("Cast", "Identity") and made.inputs:
        made = recording.producer.get(made.inputs[0])
    return zero is not None and bool(zero.all_zero) and made is not None and made.type == "IteratorGetNext"
