"""Targets of 0 and 255, as a mask is read from a picture, that are compared with probabilities: as 0 and 1."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, fix, last_name, names_in, number_of, parameters_of
from gradmagic.fixes.data import TRAINING
from gradmagic.fixes.flow import assigned, functions_run, targets_of
from gradmagic.fixes.pixel_range import LEAST, MOST
from gradmagic.locate.paths import values_behind
from gradmagic.recording import GradientRun, Op, Recording, Tensor
from gradmagic.report import Fix

PROBABILITIES = {"Sigmoid": "sigmoid", "Softmax": "softmax"}
SAME = frozenset({"Identity", "Reshape", "Squeeze", "ExpandDims", "Minimum", "Maximum", "ClipByValue", "Sub", "StopGradient"})
BROUGHT = ("Iterator", "Optional", "Const", "Placeholder")
TITLE = "scale targets of 0 to 255 to the range of the probabilities that they are compared with"
DEPTH = 6
Place = tuple[Code, cst.BaseExpression]


@dataclasses.dataclass(frozen=True)
class PixelTargets:
    """Data of the size of pixels, and the function whose results they meet."""

    tensor: Tensor
    size: float
    function: str


def pixel_targets(recording: Recording, op: Op | None) -> PixelTargets | None:
    """The targets behind an op that are of the size of pixels, and meet as many probabilities in one op."""
    found = {}
    for key in values_behind(recording, op.inputs[0], gradients=True) if op is not None and op.inputs else ():
        made = recording.producer.get(key)
        if made is None or len(made.inputs) != 2:
            continue
        roots = [_root(recording, i) for i in made.inputs]
        for data, other in (roots, roots[::-1]):
            tensor, by = recording.tensors.get(data), recording.producer.get(other)
            size = _pixel_size(recording, data)
            if tensor is None or size is None or by is None or by.type not in PROBABILITIES or _count(recording, other) != _count(recording, data):
                continue
            # Pictures that a gate of their own is multiplied with are no targets.
            if data not in values_behind(recording, other):
                found[data] = PixelTargets(tensor, size, PROBABILITIES[by.type])
    return next(iter(found.values())) if len(found) == 1 else None


def scaled_targets(recording: Recording, run: GradientRun | None, op: Op | None) -> tuple[Fix, ...]:
    """`masks = masks.astype("float32")` → `masks = masks.astype("float32") / 255.0`, where the targets get their values, else where they are handed on."""
    targets = pixel_targets(recording, op)
    reader = next((o for o in recording.consumers.get(targets.tensor.id, ()) if o.phase == "forward" and code_at(recording, o.span) is not None), None) if targets is not None else None
    if targets is None or reader is None or run is None:
        return ()
    read = _read(recording, reader, reader.inputs.index(targets.tensor.id))
    place = _above(recording, run, *read) if read is not None else None
    return _scaled(recording, *place) if place is not None else ()


def _root(recording: Recording, key: int) -> int:
    """What a value is, before it is reshaped, bounded or taken from 1; and before a cast between floats."""
    for _ in range(12):
        made = recording.producer.get(key)
        if made is None or not made.inputs:
            return key
        own = [i for i in made.inputs if _count(recording, i) == _count(recording, key)]
        cast = made.type == "Cast" and (t := recording.tensors.get(made.inputs[0])) is not None and "float" in t.dtype
        if not cast and (made.type not in SAME or len(own) != 1):
            return key
        key = own[0] if not cast else made.inputs[0]
    return key


def _count(recording: Recording, key: int) -> int:
    tensor = recording.tensors.get(key)
    return math.prod(s or 0 for s in tensor.shape) if tensor is not None and tensor.shape else 0


def _pixel_size(recording: Recording, key: int) -> float | None:
    """The root mean square of data that are 0 and 255, or lie between them in the shape of a picture; None for others."""
    tensor, made = recording.tensors.get(key), recording.producer.get(key)
    size = tensor.root_mean_square if tensor is not None else None
    brought = made is None or made.type.startswith(BROUGHT) or made.type == "Cast"
    if tensor is None or not tensor.shape or size is None or not brought or tensor.variable is not None or not LEAST <= size <= MOST:
        return None
    white = _count(recording, key) * (size / MOST) ** 2
    return size if len(tensor.shape) > 2 or math.isclose(white, round(white), rel_tol=1e-6) else None


def _read(recording: Recording, op: Op, position: int) -> Place | None:
    """The expression that stands for an input of an op."""
    code = code_at(recording, op.span)
    node = next(iter(code.expressions_at(op.span)), None) if code is not None and op.span is not None else None
    if code is None or node is None:
        return None
    if isinstance(node, cst.BinaryOperation):
        return code, (node.left, node.right)[position]
    plain = [a.value for a in node.args if isinstance(a.value, cst.Name)] if isinstance(node, cst.Call) else []
    return (code, plain[position]) if position < len(plain) else None


def _above(recording: Recording, run: GradientRun, code: Code, node: cst.BaseExpression, depth: int = DEPTH) -> Place | None:
    """From a parameter of a function to what its one call gives it; to the targets of the training call where none is to be seen."""
    function = code.function(node)
    given = parameters_of(function) if function is not None else []
    if not isinstance(node, cst.Name) or function is None or node.value not in given or not depth:
        return code, node
    at = given.index(node.value)
    calls = [(c, call) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == function.name.value]
    if not calls:
        return _trained_on(recording, run, depth)
    if len(calls) > 1:
        ran = functions_run(recording)
        calls = [(c, call) for c, call in calls if (c.cell, f.name.value if (f := c.function(call)) is not None else None) in ran]
    args = [(c, a.value) for c, call in calls if (a := argument(call, at, node.value)) is not None]
    return _above(recording, run, *args[0], depth - 1) if len(args) == len(calls) == 1 else None


def _trained_on(recording: Recording, run: GradientRun, depth: int) -> Place | None:
    code = code_at(recording, run.span)
    call = code.call_at(run.span, TRAINING) if code is not None and run.span is not None else None
    if code is None or call is None:
        return None
    target = argument(call, 1, "y")
    if target is not None:
        return _above(recording, run, code, target.value, depth - 1)
    made = [(c, n) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == "from_tensor_slices" and len(n.args) == 1]
    pair = made[0][1].args[0].value if len(made) == 1 else None
    return _above(recording, run, made[0][0], pair.elements[1].value, depth - 1) if isinstance(pair, cst.Tuple) and len(pair.elements) > 1 else None


def _scaled(recording: Recording, code: Code, node: cst.BaseExpression) -> tuple[Fix, ...]:
    here = fix(TITLE, "unsafe", (code, Change().replace(node, code.expression(f"{atom(code.text(node))} / 255.0"))))
    if not isinstance(node, cst.Name):
        return here
    name, scope = node.value, code.scope(node)
    line = f"{name} = {name} / 255.0"
    for loop in code.around(node):
        if isinstance(loop, cst.For) and name in targets_of(loop.target):
            return fix(TITLE, "unsafe", (code, Change().insert_before(loop.body.body[0], code.line(line))))
    places = [(code, scope)] if scope is not code.module else [(c, c.module) for c in cells(recording)]
    given = [(c, a) for c, s in places for a in c.all(cst.Assign, s) if c.scope(a) is s and name in assigned(a)]
    # The cells stand in the order from the last one that ran backwards.
    given = [(c, a) for c, a in given if c is given[0][0]]
    if not given:
        return here
    where, last = given[-1]
    statement = where.statement(last)
    if statement is None or where.enclosing(last, cst.For, cst.While, cst.If) is not None or any(_is_scaled(n, name) for n in _later(recording, where, last)):
        return here
    target = last.targets[0].target
    if len(last.targets) == 1 and isinstance(target, cst.Name) and not _filled(where, name, last):
        return fix(TITLE, "unsafe", (where, Change().replace(last.value, where.expression(f"{atom(where.text(last.value))} / 255.0"))))
    return fix(TITLE, "unsafe", (where, Change().insert_after(statement, where.line(line)))) if not _filled(where, name, last) else here


def _later(recording: Recording, code: Code, assign: cst.Assign) -> Iterator[cst.BinaryOperation]:
    for other in cells(recording):
        yield from (n for n in other.all(cst.BinaryOperation) if other is not code or other.start(n) > code.end(assign))


def _is_scaled(node: cst.BinaryOperation, name: str) -> bool:
    number = number_of(node.right.value) if isinstance(node.right, (cst.Float, cst.Integer)) else None
    return isinstance(node.operator, cst.Divide) and number == MOST and name in names_in(node.left)


def _filled(code: Code, name: str, assign: cst.Assign) -> bool:
    """Whether an array is written into behind the line that makes it."""
    written = [t.target for a in code.all(cst.Assign) for t in a.targets] + [a.target for a in code.all(cst.AugAssign)]
    return any(isinstance(t, (cst.Subscript, cst.Name)) and name in names_in(t) and code.start(t) > code.end(assign) for t in written)
