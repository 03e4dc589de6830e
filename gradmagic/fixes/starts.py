"""The first values of weights: zeros that leave no gradient, and what begins in their place."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name
from gradmagic.fixes.flow import pairs_of
from gradmagic.fixes.layers import LAYERS, layer_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

PASSING = ("ReadVariableOp", "ResourceGather", "GatherV2", "Gather", "Cast", "Identity", "Reshape", "Transpose", "ExpandDims", "Squeeze", "Neg")
FAR = 12


def random_start(recording: Recording, run: GradientRun | None, guilty: tuple[str, ...] = ()) -> tuple[Fix, ...]:
    """Weight matrices and tables of an embedding that begin at zero begin at small random values; biases stay zero, unless there is nothing else and they are what is at the flat point."""
    names = names_of(recording)
    zero = {s.id for s in run.sources if s.value is not None and s.value.all_zero and s.shape is not None and len(s.shape) >= 2} if run is not None else set()
    zero |= {v.id for v in recording.variables.values() if v.trainable and v.value is not None and v.value.all_zero and v.shape is not None and len(v.shape) >= 2}
    if not zero and run is not None:
        zero = {s.id for s in run.sources if s.name in guilty and s.value is not None and s.value.all_zero and s.shape is not None and len(s.shape) == 1}
    wanted = {name for key in zero for name in _short_names(recording, key)}
    tables = _tables(recording, run)
    changes = []
    for code in cells(recording):
        change = Change()
        for call in code.all(cst.Call):
            _random(code, call, wanted, names, change)
            arg = argument(call, 2, "embeddings_initializer") if any(call is table for table in tables) else None
            if arg is not None and _is_zeros(arg.value):
                change.replace(call, without_argument(call, arg))
        if change.replaced:
            changes.append((code, change))
    return fix("begin with small random weights", "unsafe", *changes)


def is_about_to_move(recording: Recording, run: GradientRun | None, tensor: int) -> bool:
    """Whether a value of zeros is a weight that begins at zero and gets a gradient: with the first update it is zero no longer."""
    if run is None:
        return False
    for _ in range(FAR):
        known, made = recording.tensors.get(tensor), recording.producer.get(tensor)
        key = known.variable if known is not None and known.variable is not None else tensor
        at = next((i for i, s in enumerate(run.sources) if s.id == key), None)
        if at is not None:
            numbers = run.gradients[at].numbers
            return numbers is not None and not numbers.all_zero and numbers.finite
        if made is None or made.type not in PASSING or not made.inputs:
            return False
        tensor = made.inputs[0]
    return False


def _tables(recording: Recording, run: GradientRun | None) -> list[cst.Call]:
    """The calls that make embeddings of zeros that get a gradient of zeros: another one may be meant to begin at zero, as a bias of each word."""
    found = []
    for source, gradient in zip(run.sources, run.gradients, strict=True) if run is not None else ():
        if source.value is None or not source.value.all_zero or gradient.numbers is None or not gradient.numbers.all_zero:
            continue
        for op in recording.consumers.get(source.id, ()):
            made = layer_of(recording, op) if op.phase == "forward" else None
            if made is not None and last_name(made[1].func) == "Embedding":
                found.append(made[1])
    return found


def _short_names(recording: Recording, key: int) -> set[str]:
    variable = recording.variables.get(key)
    if variable is None:
        return set()
    return {n.replace("]", "").replace("'", "").replace('"', "").replace("[", ".").rpartition(".")[2] for n in variable.names} | {variable.path.rpartition("/")[2]}


def _random(code: Code, call: cst.Call, wanted: set[str], names: Names, change: Change) -> None:
    name = last_name(call.func)
    if name == "Variable" and call.args and names.tf:
        assign = code.enclosing(call, cst.Assign)
        targets = {last_name(t) for t, v in pairs_of(assign) if v is call or any(n is v for n in code.around(call))} if assign is not None else set()
        label = argument(call, None, "name")
        entry = code.enclosing(call, cst.DictElement)
        keys = targets | {_string(label.value) if label is not None else "", _string(entry.key) if entry is not None else ""}
        value = call.args[0].value
        if keys & wanted and isinstance(value, cst.Call) and last_name(value.func) == "zeros" and value.args:
            shape = code.text(value.args[0].value)
            change.replace(value, code.expression(f"{names.tf}.random.normal({shape}, stddev=0.1)"))
    if (name in LAYERS and wanted & {"kernel", "recurrent_kernel"}) or name == "add_weight":
        for key in ("kernel_initializer", "recurrent_initializer", "initializer"):
            arg = argument(call, None, key)
            if arg is None or not _is_zeros(arg.value):
                continue
            label = argument(call, None, "name")
            if name == "add_weight" and not (label is not None and _string(label.value) in wanted):
                continue
            change.replace(arg.value, cst.SimpleString('"glorot_uniform"'))


def _is_zeros(value: cst.BaseExpression) -> bool:
    return _string(value) == "zeros" or last_name(value.func if isinstance(value, cst.Call) else value) == "Zeros"


def _string(node: cst.BaseExpression) -> str:
    return str(node.evaluated_value) if isinstance(node, cst.SimpleString) else ""
