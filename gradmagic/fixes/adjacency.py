"""Sums over the neighbours in a graph, layer upon layer: the adjacency matrix divided by its degrees."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, parameters_of
from gradmagic.fixes.flow import assigned, targets_of
from gradmagic.fixes.magnitudes import kind_of
from gradmagic.fixes.names import names_of
from gradmagic.fixes.origins import origin
from gradmagic.locate.paths import values_behind
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix
from gradmagic.syntax import use_of

# Layers, one upon the other, and neighbours a node has on average.
LAYERS, NEIGHBOURS = 2, 4.0
DEEP = 4
PRODUCTS = ("MatMul", "BatchMatMulV2")
FORWARDS = ("call", "__call__")


def divided_by_degrees(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`a = a / tf.reduce_sum(a, axis=1, keepdims=True)` behind the line that makes `a`, a constant matrix of ones and zeros with which layer after layer is multiplied."""
    op = _summing(recording, run)
    place = use_of(recording, op) if op is not None else None
    code = code_at(recording, place)
    node = next(iter(code.expressions_at(place)), None) if code is not None and place is not None else None
    given = argument(node, 0, "a", "x1") if isinstance(node, cst.Call) else None
    left = node.left if isinstance(node, cst.BinaryOperation) else given.value if given is not None else None
    made = _made(recording, code, left) if code is not None and isinstance(left, cst.Name) else set()
    return _divided(recording, made.pop()) if len(made) == 1 else ()


def _divided(recording: Recording, name: str) -> tuple[Fix, ...]:
    names = names_of(recording)
    lines = [(c, s) for c in cells(recording) for s in c.all(cst.SimpleStatementLine) if c.scope(s) is c.module and name in assigned(s)]
    step = lines[0][1].body[0] if len(lines) == 1 else None
    if not isinstance(step, cst.Assign) or lines[0][0].parent(lines[0][1]) is not lines[0][0].module:
        return ()
    code, statement = lines[0]
    if any(isinstance(o.operator, cst.Subtract) for o in code.all(cst.BinaryOperation, step)):
        # Of a Laplacian, degrees less neighbours, the rows have the sum 0.
        return ()
    if kind_of(recording, names, step.value) != "tensor" or names.tf is None:
        return ()
    line = f"{name} = {names.tf}.math.divide_no_nan({name}, {names.tf}.reduce_sum({name}, axis=1, keepdims=True))"
    return fix(f"divide each row of `{name}` by its sum: the mean of the neighbours", "unsafe", (code, Change().insert_after(statement, code.line(line))))


def _summing(recording: Recording, run: GradientRun | None) -> Op | None:
    """The first of several products, each made of the result of the one before, whose left side is one square matrix of ones and zeros with many ones in a row."""
    if run is None:
        return None
    behind = {i for t in run.targets for i in values_behind(recording, t.id)}
    chains: dict[int, list[Op]] = {}
    for op in recording.ops:
        if op.type in PRODUCTS and op.phase == "forward" and op.outputs[0] in behind and _is_adjacency(recording, op.inputs[0]):
            chain = chains.setdefault(op.inputs[0], [])
            if not chain or chain[-1].outputs[0] in values_behind(recording, op.inputs[1]):
                chain.append(op)
    # What is read otherwise, such as the links that are to be told, stays what it is.
    found = [chain for key, chain in chains.items() if len(chain) >= LAYERS and _is_only_summed_with(recording, key)]
    return found[0][0] if len(found) == 1 else None


def _is_only_summed_with(recording: Recording, key: int) -> bool:
    reads = [op for op in recording.consumers.get(key, ()) if op.phase == "forward"]
    return all(op.type in PRODUCTS and op.inputs[0] == key for op in reads)


def _is_adjacency(recording: Recording, key: int) -> bool:
    tensor = recording.tensors.get(key)
    if tensor is None or tensor.norm is None or not math.isfinite(tensor.norm) or tensor.shape is None or len(tensor.shape) != 2 or tensor.shape[0] != tensor.shape[1]:
        return False
    # The squares of ones and zeros add up to the number of ones.
    ones, nodes = tensor.norm**2, tensor.shape[0] or 1
    if not (abs(ones - round(ones)) < min(1e-6 * ones, 1e-3) and NEIGHBOURS * nodes <= ones <= nodes * nodes):
        return False
    return not any(i in recording.variables or ((t := recording.tensors.get(i)) is not None and t.variable is not None) for i in values_behind(recording, key))


def _made(recording: Recording, code: Code, node: cst.Name, depth: int = DEEP) -> set[str]:
    """The notebook's names for what a name stands for, also where layers hand it on to the layers that they call."""
    made, function = origin(recording, code, node), code.function(node)
    if made is not None:
        return {made.name} if made.code.scope(made.assign) is made.code.module else set()
    handed = parameters_of(function) if function is not None and function.name.value in FORWARDS else []
    if function is None or node.value not in handed or depth == 0:
        return set()
    position, found = handed.index(node.value), set[str]()
    for other in cells(recording):
        stored = {n for f in other.all(cst.For) for n in targets_of(f.target)} | assigned(other.module)
        for call in other.all(cst.Call):
            ours = _is_called(call.func, stored)
            given = argument(call, position, node.value) if ours and len(call.args) >= len(handed) and last_name(call.func) not in FORWARDS else None
            if given is not None and isinstance(given.value, cst.Name):
                found |= _made(recording, other, given.value, depth - 1) if other.function(given.value) is not None else {given.value.value}
    return found


def _is_called(function: cst.BaseExpression, stored: set[str]) -> bool:
    """Whether a layer or a model is called: what a name, an attribute of `self` or an element of these holds."""
    while isinstance(function, cst.Subscript):
        function = function.value
    if isinstance(function, cst.Attribute):
        return isinstance(function.value, cst.Name) and function.value.value == "self"
    return isinstance(function, cst.Name) and function.value in stored
