"""Inputs and targets that are far from 1, as the run saw them: brought to mean 0 and spread 1 where they are made."""

from __future__ import annotations

import math
from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, names_in, walk
from gradmagic.fixes.data import standardising
from gradmagic.fixes.flow import assigned, targets_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.origins import origin
from gradmagic.locate.paths import values_behind
from gradmagic.recording import GradientRun, Op, Recording, Tensor
from gradmagic.report import Fix
from gradmagic.syntax import use_of

LARGE = 1e3
# The square of it is the largest number of float16.
LARGE_IN_HALF = 256.0
TRAINING = ("fit", "train_on_batch")
# What reads classes or rows by their number, and no quantity.
NUMBERED = ("GatherV2", "ResourceGather", "OneHot", "SparseSoftmaxCrossEntropyWithLogits")
DEEP = 4


def brought_to_one(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """`prices = (prices - prices.mean()) / prices.std()` behind the line that makes `prices`, where the run was given numbers of a thousand and more under that name."""
    if run is None:
        return ()
    names = names_of(recording)
    given = list(_of_the_call(recording, place) if run.kind.startswith("keras") else _of_the_block(recording, run))
    least = LARGE_IN_HALF if _overflows_half(recording, run) else LARGE
    large = {name: tensor for name, tensor in given if _size(tensor) >= least and tensor.dtype.startswith(("float", "bfloat")) and not _is_numbered(recording, tensor)}
    changes: dict[int, tuple[Code, Change]] = {}
    for name, tensor in sorted(large.items()):
        made = [(c, s) for c in cells(recording) for s in c.all(cst.SimpleStatementLine) if c.function(s) is None and name in assigned(s)]
        line = _line(recording, names, name, tensor, made[0][1]) if len(made) == 1 else None
        if line is None or made[0][0].enclosing(made[0][1], cst.For, cst.While) is not None:
            return ()
        code, statement = made[0]
        changes.setdefault(id(code), (code, Change()))[1].insert_after(statement, code.line(line))
    listed = " and ".join(f"`{n}`" for n in sorted(large))
    return fix(f"bring {listed} to mean 0 and spread 1", "unsafe", *changes.values()) if large else ()


def _of_the_call(recording: Recording, place: Place) -> Iterator[tuple[str, Tensor]]:
    """The names that a training call of Keras is given, each with the batch that the model got of it."""
    code = code_at(recording, place)
    call = code.call_at(place, TRAINING) if code is not None and place is not None else None
    batches = [op for op in recording.ops if op.type == "IteratorGetNext"]
    if call is None or argument(call, None, "validation_data") is not None or not batches:
        return
    outputs = [recording.tensors.get(key) for key in batches[0].outputs]
    arguments = [argument(call, 0, "x"), argument(call, 1, "y")]
    if not 2 <= len(outputs) <= 3:
        return
    for arg, tensor in zip(arguments, outputs[:2], strict=True):
        if arg is not None and isinstance(arg.value, cst.Name) and tensor is not None:
            yield arg.value.value, tensor


def _of_the_block(recording: Recording, run: GradientRun) -> Iterator[tuple[str, Tensor]]:
    """The names of the notebook's that stand as operands or arguments of the ops behind a target, each with its value."""
    behind = {op.seq: op for t in run.targets for key in values_behind(recording, t.id) if (op := recording.producer.get(key)) is not None}
    for op in behind.values():
        taken = [(position, key) for position, key in enumerate(op.inputs) if _comes_in(recording, key)]
        place = use_of(recording, op) if taken else None
        code = code_at(recording, place)
        found = code.expressions_at(place)[:1] if code is not None and place is not None else []
        for position, key in taken:
            name = _operand(found[0], position) if found else None
            if code is not None and name is not None:
                handed = any(isinstance(n, cst.FunctionDef) or (isinstance(n, cst.For) and name.value in targets_of(n.target)) for n in code.around(name))
                made = origin(recording, code, name) if handed else None
                yield made.name if made is not None else name.value, recording.tensors[key]


def _comes_in(recording: Recording, key: int) -> bool:
    """Whether a value is data: no variable's, and made by no op but that of an iterator."""
    tensor, maker = recording.tensors.get(key), recording.producer.get(key)
    return tensor is not None and tensor.variable is None and (maker is None or maker.type == "IteratorGetNext")


def _overflows_half(recording: Recording, run: GradientRun) -> bool:
    """Whether a value behind a target is too large for float16."""
    behind = (recording.tensors.get(key) for t in run.targets for key in values_behind(recording, t.id))
    return any(t is not None and t.dtype == "float16" and t.finite is False for t in behind)


def _operand(node: cst.BaseExpression, position: int) -> cst.Name | None:
    parts: list[cst.BaseExpression] = []
    if isinstance(node, cst.BinaryOperation):
        parts = [node.left, node.right]
    elif isinstance(node, cst.Call):
        parts = [a.value for a in node.args if a.keyword is None and not a.star]
    part = parts[position] if position < len(parts) else None
    return part if isinstance(part, cst.Name) else None


def _size(tensor: Tensor) -> float:
    """The root mean square of a batch; 0 for a single number, and where it is not known."""
    count = math.prod(d or 1 for d in tensor.shape or ())
    return tensor.norm / math.sqrt(count) if tensor.norm is not None and math.isfinite(tensor.norm) and count > 1 else 0.0


def _is_numbered(recording: Recording, tensor: Tensor) -> bool:
    def reads(op: Op) -> bool:
        kinds = {t.dtype for key in op.outputs if (t := recording.tensors.get(key)) is not None}
        return op.type in NUMBERED or (op.type == "Cast" and any(k.startswith(("int", "uint", "bool", "string")) for k in kinds))

    return any(reads(op) for op in recording.consumers.get(tensor.id, ()))


def _line(recording: Recording, names: Names, name: str, tensor: Tensor, statement: cst.SimpleStatementLine) -> str | None:
    """The line that standardises an array or a tensor, column by column where it has several."""
    value = statement.body[0].value if isinstance(statement.body[0], cst.Assign) else None
    kind = kind_of(recording, names, value) if value is not None else None
    by_column = tensor.shape is not None and len(tensor.shape) == 2 and (tensor.shape[-1] or 0) > 1
    known = kind == "array" or (kind == "tensor" and names.tf is not None)
    return standardising(name, "0" if by_column else None, names.tf if kind == "tensor" else None) if known else None


def kind_of(recording: Recording, names: Names, value: cst.BaseExpression, depth: int = 0) -> str | None:
    """Whether an expression makes a NumPy array or a tensor, by the functions that it calls; None where they do not say."""
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and value.func.attr.value in ("astype", "numpy", "to_numpy"):
        return "array"
    kinds = set()
    for call in (n for n in walk(value) if isinstance(n, cst.Call)):
        root = names.module(call.func).partition(".")[0]
        kinds |= {"tensor"} if root == "tensorflow" else {"array"} if root == "numpy" else set()
        if isinstance(value, cst.Call) and call is value and kinds:
            return kinds.pop()
    if not kinds and depth < DEEP:
        for code in cells(recording):
            for assign in code.all(cst.Assign):
                stored = {last_name(t.target) for t in assign.targets}
                if code.function(assign) is None and stored & names_in(value) and assign.value is not value:
                    kinds |= {k for k in [kind_of(recording, names, assign.value, depth + 1)] if k is not None}
    return "tensor" if "tensor" in kinds else "array" if kinds else None
