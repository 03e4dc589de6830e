"""Outputs and parts of a loss that were left out of it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

LOSSES = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}


def output_with_loss(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`compile(loss=[…, None])`: a loss for the output that has none, by the activation of its layer."""
    for code in cells(recording):
        for call in reversed(code.all(cst.Call)):
            losses = argument(call, 1, "loss") if last_name(call.func) == "compile" else None
            missing = [] if losses is None else _missing(recording, code, losses.value)
            if len(missing) == 1:
                place, node = missing[0]
                kind = _kind(recording, op)
                return fix(f"give this output a loss, for example `{kind}`", "unsafe", (place, Change().replace(node, cst.SimpleString(f'"{kind}"'))))
    return ()


def _missing(recording: Recording, code: Code, losses: cst.BaseExpression) -> list[tuple[Code, cst.BaseExpression]]:
    """Where the losses of a model with several outputs say None."""
    if isinstance(losses, cst.Name):
        made = next(((c, a.value) for c in cells(recording) for a in reversed(assignments_of(c, losses.value))), None)
        return _missing(recording, *made) if made is not None and not isinstance(made[1], cst.Name) else []
    if not isinstance(losses, (cst.List, cst.Tuple, cst.Dict)) or len(losses.elements) < 2:
        return []
    found: list[tuple[Code, cst.BaseExpression]] = []
    for element in losses.elements:
        value = getattr(element, "value", None)
        if isinstance(value, cst.Name) and value.value == "None":
            found.append((code, value))
        elif isinstance(value, cst.Subscript) and isinstance(value.value, cst.Name):
            found += _entry(recording, value.value.value, code.text(value.slice[0]).strip("'\""))
    return found


def _entry(recording: Recording, name: str, key: str) -> list[tuple[Code, cst.BaseExpression]]:
    """The None that a dict literal of this name holds under a key."""
    for code in cells(recording):
        for assign in reversed(assignments_of(code, name)):
            for entry in assign.value.elements if isinstance(assign.value, cst.Dict) else ():
                if isinstance(entry, cst.DictElement) and code.text(entry.key).strip("'\"") == key:
                    return [(code, entry.value)] if code.text(entry.value) == "None" else []
    return []


def _kind(recording: Recording, op: Op | None) -> str:
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    code = code_at(recording, layer.made_at) if layer is not None else None
    call = code.call_at(layer.made_at, (layer.type,)) if code is not None and layer is not None and layer.made_at is not None else None
    found = argument(call, None, "activation") if call is not None else None
    return LOSSES.get(code.text(found.value).strip("'\"").rpartition(".")[2], "mse") if found is not None and code is not None else "mse"
