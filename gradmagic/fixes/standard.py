"""Features on scales of their own, which drive the first layer to where it is flat: brought to mean 0 and spread 1 where they are made."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import argument, code_at, fix, last_name, names_in
from gradmagic.fixes.data import standardising
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.origins import DATASETS, SPLITS, Made, origin
from gradmagic.recording import FLOATS, Op, Recording, Tensor
from gradmagic.report import Fix

FAR, ORDINARY = 10.0, 2.0
MOST = 600
WEIGHING = ("MatMul", "BatchMatMulV2", "Conv1D", "Conv2D", "Conv3D", "Einsum")
BETWEEN = ("Transpose", "Unpack", "TensorListFromTensor", "TensorListGetItem", "Reshape", "ExpandDims", "Squeeze", "Identity", "StridedSlice", "Cast", "BiasAdd", "AddV2", "Split", *WEIGHING)
TRAINING = ("fit", "train_on_batch")


def standardised_where_made(recording: Recording, op: Op | None) -> tuple[Fix, ...]:
    """`x = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-7)` behind the lines that make `x`, where it enters the layer of a saturated or dead activation as it is."""
    data = _far_out(recording, _first_dead(recording, op))
    place = op.span if op is not None else None
    code = code_at(recording, place)
    if data is None or code is None or place is None or data.shape is None:
        return ()
    given = [
        first.value
        for call in code.expressions_at(place)
        if isinstance(call, cst.Call) and (first := argument(call, 0, "x", "inputs")) is not None and (last_name(call.func) in TRAINING or _is_model(recording, call))
    ]
    made = origin(recording, code, given[0]) if given else None
    return standardised_behind(recording, made, len(data.shape)) if made is not None else ()


def standardised_behind(recording: Recording, made: Made, rank: int) -> tuple[Fix, ...]:
    """The line that standardises an array, behind what makes it and what is computed from it as it is."""
    line, behind = _line(made, names_of(recording), rank), _last_reader(recording, made)
    if line is None or behind is None:
        return ()
    return fix(f"bring the columns of `{made.name}` to mean 0 and spread 1", "unsafe", (made.code, Change().insert_after(behind, made.code.line(line))))


def _is_model(recording: Recording, call: cst.Call) -> bool:
    called = call.func
    name = called.value if isinstance(called, cst.Name) else last_name(called)
    return any(m.name == name or m.name.endswith(f".{name}") for m in recording.models)


def _first_dead(recording: Recording, op: Op | None) -> Op | None:
    """Of ReLUs one behind another that are all off, the first."""
    while op is not None and op.type in ("Relu", "Relu6"):
        earlier, step = None, op
        while step is not None and step.inputs and (step is op or step.type in BETWEEN):
            step = recording.producer.get(step.inputs[0])  # type: ignore[assignment]
        if step is not None and step.type == op.type and (out := recording.tensors.get(step.outputs[0])) is not None and out.all_zero:
            earlier = step
        if earlier is None:
            return op
        op = earlier
    return op


def _far_out(recording: Recording, op: Op | None) -> Tensor | None:
    """The values of no op that enter the layer of an activation through weights of ordinary size, where they are far from 0."""
    waiting, seen, found = [op] if op is not None else [], set[int](), list[Tensor]()
    while waiting and len(seen) < MOST:
        step = waiting.pop(0)
        if step.seq in seen:
            continue
        seen.add(step.seq)
        sizes = [t.root_mean_square for i in step.inputs if (t := recording.tensors.get(i)) is not None and _by_a_weight(recording, i)]
        if any(s is not None and s > ORDINARY for s in sizes):
            return None
        for key in step.inputs:
            tensor, made = recording.tensors.get(key), recording.producer.get(key)
            if made is not None and made.type in BETWEEN:
                waiting.append(made)
            elif (
                (made is None or made.type.startswith("Iterator"))
                and tensor is not None
                and tensor.variable is None
                and tensor.dtype in FLOATS
                and tensor.shape is not None
                and len(tensor.shape) in (2, 3, 4)
            ):
                found.append(tensor)
    far = [t for t in found if (t.root_mean_square or 0.0) > FAR]
    return far[0] if len({t.id for t in far}) == 1 else None


def _by_a_weight(recording: Recording, key: int) -> bool:
    made, tensor = recording.producer.get(key), recording.tensors.get(key)
    return (made is not None and made.type == "ReadVariableOp") or (tensor is not None and tensor.variable is not None)


def _line(made: Made, names: Names, rank: int) -> str | None:
    value = made.assign.value
    axis = "0" if rank == 2 else f"({', '.join(str(i) for i in range(rank - 1))})"
    outer = value
    while isinstance(outer, cst.Call) and isinstance(outer.func, cst.Attribute) and isinstance(outer.func.value, cst.Call):
        outer = outer.func.value
    root = names.module(outer.func).partition(".")[0] if isinstance(outer, cst.Call) else ""
    if root == "tensorflow" or (names.tf is not None and names.tf in names_in(value)):
        return standardising(made.name, axis, names.tf) if names.tf is not None else None
    return standardising(made.name, axis, None) if names.numpy else None


def _last_reader(recording: Recording, made: Made) -> cst.CSTNode | None:
    """The last statement beside the one that makes an array which computes something else from it: a target is made from the numbers as they are."""
    code = made.code
    statement = code.statement(made.assign)
    siblings = list(getattr(code.parent(statement), "body", ())) if statement is not None else []
    if statement not in siblings:
        return None
    behind = statement
    for step in siblings[siblings.index(statement) + 1 :]:
        if made.name not in names_in(step) or isinstance(step, (cst.FunctionDef, cst.ClassDef)):
            continue
        assign = step.body[0] if isinstance(step, cst.SimpleStatementLine) else None
        hands_on = any(last_name(c.func) in (*DATASETS, *SPLITS, *TRAINING) or _is_model(recording, c) for c in code.all(cst.Call, step))
        if not isinstance(assign, cst.Assign) or hands_on or any(isinstance(v, (cst.Subscript, cst.Name)) for _, v in pairs_of(assign)):
            break
        behind = step
    return behind
