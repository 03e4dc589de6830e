"""Batches of one example, for losses that tell the examples of a batch apart."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, cells, fix, last_name
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

PASSING = ("Mul", "RealDiv", "AddV2", "Sub", "Identity", "Cast", "Reshape")
PRODUCTS = ("MatMul", "BatchMatMulV2", "Einsum")
USUAL = 32
SIZES = ("batch_size", "batchsize", "batch", "bs")


def compares_examples(recording: Recording, loss: Op) -> bool:
    """Whether the logits of a loss, of the shape (1, 1), are products of what one example gave with what one example gave."""
    logits = recording.tensors.get(loss.inputs[0]) if loss.inputs else None
    if logits is None or logits.shape is None or tuple(logits.shape) != (1, 1):
        return False
    key = logits.id
    for _ in range(8):
        made = recording.producer.get(key)
        if made is None or not made.inputs:
            return False
        if made.type in PRODUCTS:
            # The matrix of a Dense layer is a variable, whatever it is multiplied with.
            return not any(_is_read(recording, i) for i in made.inputs)
        if made.type not in PASSING:
            return False
        key = made.inputs[0]
    return False


def _is_read(recording: Recording, key: int) -> bool:
    tensor, made = recording.tensors.get(key), recording.producer.get(key)
    while made is not None and made.type in ("Cast", "Identity", "Transpose") and made.inputs:
        tensor, made = recording.tensors.get(made.inputs[0]), recording.producer.get(made.inputs[0])
    return (tensor is not None and tensor.variable is not None) or (made is not None and made.type == "ReadVariableOp")


def larger_batches(recording: Recording) -> tuple[Fix, ...]:
    """`dataset.batch(1)`, `fit(…, batch_size=1)`, `batch_size = 1` → 32."""
    found = []
    for code in cells(recording):
        for call in code.all(cst.Call):
            kind = last_name(call.func)
            size = argument(call, 0, "batch_size") if kind == "batch" else argument(call, 2, "batch_size") if kind == "fit" else None
            if size is not None and code.text(size.value) == "1":
                found.append((code, size.value))
        for assign in code.all(cst.Assign):
            target = assign.targets[0].target
            if isinstance(target, cst.Name) and target.value.lower() in SIZES and code.text(assign.value) == "1":
                found.append((code, assign.value))
    if len(found) != 1:
        return ()
    code, number = found[0]
    return fix(f"train on batches of {USUAL} examples", "unsafe", (code, Change().replace(number, cst.Integer(str(USUAL)))))
