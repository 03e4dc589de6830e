"""The nearest row of a codebook, in the place of what came in (van den Oord et al., 2017: Neural Discrete Representation Learning): the row's gradient is handed on to it."""

from __future__ import annotations

import math

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import Names, names_of
from gradmagic.fixes.soft_lookup import LOOKUPS, consumers
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

PRODUCTS = ("matmul", "einsum", "tensordot")
FAR = 60


def of_the_codebook(recording: Recording, place: Place, op: Op | None) -> tuple[Fix, ...]:
    """The same where the cut is the one-hot row that a codebook is multiplied with."""
    code, names = code_at(recording, place), names_of(recording)
    made = op
    while made is not None and made.type in ("OneHot", "Cast", "Reshape"):
        made = recording.producer.get(made.inputs[0])
    if code is None or place is None or op is None or op.type != "OneHot" or made is None:
        return ()
    hot = code.call_at(place, ("one_hot",))
    index = hot.args[0].value if hot is not None and hot.args else None
    if isinstance(index, cst.Name):
        values = assignments_of(code, index.value, code.scope(index))
        index = values[0].value if len(values) == 1 else None
    calls = [c for c in code.all(cst.Call, index) if last_name(c.func) in ("argmin", "argmax")] if index is not None else []
    return handed_to_the_nearest(recording, code, calls[0], names, made) if len(calls) == 1 else ()


def handed_to_the_nearest(recording: Recording, code: Code, call: cst.Call, names: Names, op: Op | None) -> tuple[Fix, ...]:
    """`tf.gather(book, tf.argmin(distances, 1))` → `z + tf.gather(book, …) - tf.stop_gradient(z)`: the same number, with the gradient of the row for `z` as well."""
    stop, distances = names.function("stop_gradient", call.func), argument(call, 0, "input", "x")
    picked = _picked(code, call)
    if op is None or op.type not in ("ArgMin", "ArgMax") or stop is None or distances is None or picked is None:
        return ()
    shape = _shape_at(recording, code, picked)
    z = _what_came_in(recording, code, distances.value, op, shape) if shape else None
    if z is None:
        return ()
    new = f"{z} + {code.bare(picked)} - {stop}({z})"
    whole = code.parent(picked)
    plain = isinstance(whole, (cst.Assign, cst.Return, cst.Arg))
    return fix(f"hand the gradient of the row that is picked on to `{z}` (straight-through)", "unsafe", (code, Change().replace(picked, code.expression(new if plain else f"({new})"))))


def _picked(code: Code, call: cst.Call) -> cst.Call | None:
    """The lookup of the rows by an index, or the product of their table with its one-hot rows."""
    found = consumers(code, call)
    while len(found) == 1 and last_name(found[0].func) in ("cast", "reshape"):
        found = consumers(code, found[0])
    if len(found) == 1 and last_name(found[0].func) == "one_hot":
        found = [c for c in consumers(code, found[0]) if last_name(c.func) in PRODUCTS]
    else:
        found = [c for c in found if last_name(c.func) in LOOKUPS]
    return found[0] if len(found) == 1 else None


def _shape_at(recording: Recording, code: Code, node: cst.BaseExpression) -> tuple[int | None, ...] | None:
    """The shape of what an expression gave, where an op stands for it."""
    place = (*code.start(node), *code.end(node))
    made = [op for op in recording.ops if (s := op.span) is not None and s.cell == code.cell and (s.line, s.column, s.end_line, s.end_column) == place]
    tensor = recording.tensors.get(made[-1].outputs[0]) if made and made[-1].outputs else None
    return tensor.shape if tensor is not None else None


def _what_came_in(recording: Recording, code: Code, distances: cst.BaseExpression, op: Op, shape: tuple[int | None, ...]) -> str | None:
    """The nearest name from which the distances were computed, for a value of the shape of the rows."""
    function, scope = code.function(distances), code.scope(distances)
    parameters = {p.name.value for p in function.params.params} - {"self"} if function is not None else set()
    waiting, seen = sorted(names_in(distances)), set[str]()
    for name in waiting:
        if name in seen:
            continue
        seen.add(name)
        made = assignments_of(code, name, scope)
        if len(made) == 1 and len(made[0].targets) == 1 and isinstance(made[0].targets[0].target, cst.Name):
            if _shape_at(recording, code, made[0].value) == shape:
                return name
            waiting += sorted(names_in(made[0].value))
        elif name in parameters and not made and _is_behind(recording, op, shape):
            return name
    return None


def _is_behind(recording: Recording, op: Op, shape: tuple[int | None, ...]) -> bool:
    """Whether a value of a shape, and no weight, is among those that an op's input was computed from."""
    waiting, seen = [op.inputs[0]], set[int]()
    while waiting and len(seen) < FAR:
        key = waiting.pop(0)
        tensor, made = recording.tensors.get(key), recording.producer.get(key)
        if key in seen or tensor is None:
            continue
        seen.add(key)
        if tensor.shape == shape and tensor.variable is None and math.prod(d or 1 for d in shape) > 1:
            return True
        waiting += made.inputs if made is not None else ()
    return False
