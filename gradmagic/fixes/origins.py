"""Where the data that a model is called with are made: back through loops over datasets, arguments, slices and splits."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.code import Code, argument, cells, last_name, parameters_of
from gradmagic.fixes.flow import assigned, assignments_of, pairs_of, targets_of
from gradmagic.recording import Recording

DATASETS = ("from_tensor_slices", "from_tensors")
SPLITS = ("train_test_split",)
DEPTH = 6


@dataclasses.dataclass(frozen=True)
class Made:
    """An array by its name, and the one assignment that makes it."""

    code: Code
    name: str
    assign: cst.Assign


def origin(recording: Recording, code: Code, node: cst.BaseExpression, depth: int = DEPTH) -> Made | None:
    """The assignment that makes the array which a name stands for; None where there are several, or none."""
    if isinstance(node, cst.Subscript):
        return origin(recording, code, node.value, depth - 1)
    if not isinstance(node, cst.Name) or depth == 0:
        return None
    name = node.value
    for step in code.around(node):
        if isinstance(step, (cst.For, cst.CompFor)) and name in targets_of(step.target):
            return _of_loop(recording, code, step, name, depth)
        if isinstance(step, cst.FunctionDef):
            if name in {p.name.value for p in step.params.params} and not assignments_of(code, name, step):
                return _of_argument(recording, step, name, depth)
            own = [a for a in code.all(cst.Assign, step) if name in assigned(a)]
            if own:
                return _of_assignment(recording, code, own[0], name, depth) if len(own) == 1 else None
    made = [(c, a) for c in cells(recording) for a in c.all(cst.Assign) if c.scope(a) is c.module and name in assigned(a)]
    return _of_assignment(recording, *made[0], name, depth) if len(made) == 1 else None


def _of_assignment(recording: Recording, code: Code, assign: cst.Assign, name: str, depth: int) -> Made | None:
    """An array of another one: a slice, or a part that a split gave."""
    target, value = next(((t, v) for t, v in pairs_of(assign) if name in targets_of(t)), (assign.targets[0].target, assign.value))
    if isinstance(value, cst.Subscript) and isinstance(target, cst.Name):
        return origin(recording, code, value, depth - 1) or Made(code, name, assign)
    if isinstance(value, cst.Name):
        return origin(recording, code, value, depth - 1)
    if isinstance(value, cst.Call) and last_name(value.func) in SPLITS and isinstance(target, cst.Tuple):
        position = next((i for i, e in enumerate(target.elements) if name in targets_of(e.value)), 0) // 2
        given = [a.value for a in value.args if a.keyword is None]
        return origin(recording, code, given[position], depth - 1) if position < len(given) else None
    return Made(code, name, assign)


def _of_argument(recording: Recording, function: cst.FunctionDef, name: str, depth: int) -> Made | None:
    parameters = parameters_of(function)
    position = parameters.index(name) if name in parameters else None
    calls = [(c, call) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == function.name.value]
    given = [(c, a.value) for c, call in calls if (a := argument(call, position, name)) is not None]
    found = {(id(m.assign), m.name): m for c, v in given if (m := origin(recording, c, v, depth - 1)) is not None}
    return next(iter(found.values())) if len(found) == 1 and len(given) == len(calls) else None


def _of_loop(recording: Recording, code: Code, loop: cst.For | cst.CompFor, name: str, depth: int) -> Made | None:
    """What `for x, y in dataset` takes from `Dataset.from_tensor_slices((x, y))`."""
    target: cst.BaseExpression = loop.target
    over = loop.iter
    if isinstance(over, cst.Call) and last_name(over.func) == "enumerate" and isinstance(target, cst.Tuple) and len(target.elements) == 2 and over.args:
        target, over = target.elements[1].value, over.args[0].value
    for _ in range(DEPTH):
        sliced = next((c for c in code.all(cst.Call, over) if last_name(c.func) in DATASETS and c.args), None)
        if sliced is not None:
            break
        # `pairs` of `pairs.shuffle(100).batch(8)`.
        while isinstance(over, (cst.Call, cst.Attribute)):
            over = over.func if isinstance(over, cst.Call) else over.value
        step = origin(recording, code, over, depth - 1)
        if step is None:
            return None
        code, over = step.code, step.assign.value
    else:
        return None
    given = sliced.args[0].value
    if isinstance(given, (cst.Tuple, cst.List)) and isinstance(target, (cst.Tuple, cst.List)):
        position = next((i for i, e in enumerate(target.elements) if name in targets_of(e.value)), None)
        if position is None or position >= len(given.elements):
            return None
        given = given.elements[position].value
    return origin(recording, code, given, depth - 1)
