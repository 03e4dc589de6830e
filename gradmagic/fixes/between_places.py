"""A place that is to be learnt and is cut to a whole number, where an element is picked or an array is rolled: the two neighbours, weighed by the fraction (linear interpolation)."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.leavings import to_integers
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix

CUTTING = ("round", "floor", "rint")
# Which argument of a call is the place.
PICKING = {"gather": ("indices", 1), "roll": ("shift", 1)}


@dataclasses.dataclass(frozen=True)
class _Picked:
    """The call that picks, the argument that is the whole number, and the number that was cut."""

    call: cst.Call
    index: cst.Arg
    number: cst.BaseExpression


def between_places(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`tf.gather(table, tf.cast(at, tf.int32))` → `(1.0 - part) * tf.gather(table, low) + part * tf.gather(table, low + 1)`; `tf.roll` of a whole number of steps likewise."""
    code, tf = code_at(recording, place), names_of(recording).tf
    picked = _picked(code, place) if code is not None and tf is not None else None
    if code is None or picked is None or tf is None:
        return ()
    statement, first = code.statement(picked.call), argument(picked.call, 0, "params", "input")
    name = last_name(picked.call.func)
    if not isinstance(statement, cst.SimpleStatementLine) or first is None or len(picked.call.args) > (3 if name == "roll" else 2) or not _fits(recording, code, picked.call, name):
        return ()
    low, part = new_name(code, "low"), new_name(code, "part")
    number, here = code.bare(picked.number), f"{tf}.cast({low}, {tf}.int32)"
    table = code.text(first.value)
    there = f"{here} + 1" if name == "roll" else f"{tf}.minimum({here} + 1, {tf}.size({table}) - 1)"
    texts = [code.text(picked.call.with_deep_changes(picked.index, value=code.expression(at))) for at in (here, there)]
    change = Change().insert_before(statement, code.line(f"{low} = {tf}.floor({number})"), code.line(f"{part} = {atom(number)} - {low}"))
    inside = isinstance(code.parent(picked.call), cst.BinaryOperation)
    new = f"(1.0 - {part}) * {texts[0]} + {part} * {texts[1]}"
    change.replace(picked.call, code.expression(f"({new})" if inside else new))
    assign = _assigned(code, picked.index.value)
    if assign is not None and (line := code.statement(assign)) is not None and len(reads_of(code, code.text(picked.index.value), code.scope(picked.call))) == 1:
        change.remove(line)
    return fix("weigh the two neighbours by the fraction", "unsafe", (code, change))


def _picked(code: Code, place: Place) -> _Picked | None:
    """The call whose place is cut to a whole number in an expression at a place."""
    here = {id(n) for n in code.expressions_at(place)} if place is not None else set()
    found = []
    for call in code.all(cst.Call):
        keyword, position = PICKING.get(last_name(call.func), ("", 0))
        index = argument(call, position, keyword) if keyword else None
        assign = _assigned(code, index.value) if index is not None else None
        whole = assign.value if assign is not None else index.value if index is not None else None
        if index is None or whole is None or not isinstance(whole, cst.Call):
            continue
        number = _number(code, whole)
        cuts = {id(c) for c in code.all(cst.Call, whole)}
        if number is not None and here & cuts:
            found.append(_Picked(call, index, number))
    return found[0] if len(found) == 1 else None


def _assigned(code: Code, index: cst.BaseExpression) -> cst.Assign | None:
    made = assignments_of(code, index.value, code.scope(index)) if isinstance(index, cst.Name) else []
    return made[0] if len(made) == 1 and len(made[0].targets) == 1 else None


def _number(code: Code, whole: cst.Call) -> cst.BaseExpression | None:
    """What is cut to a whole number by `tf.cast(…, tf.int32)`, `int(…)` and the like."""
    dtype = argument(whole, 1, "dtype")
    cast = last_name(whole.func) == "cast" and dtype is not None and to_integers(dtype.value)
    if not whole.args or not (cast or (isinstance(whole.func, cst.Name) and whole.func.value == "int")):
        return None
    inner = whole.args[0].value
    return inner.args[0].value if isinstance(inner, cst.Call) and last_name(inner.func) in CUTTING and len(inner.args) == 1 else inner


def _fits(recording: Recording, code: Code, call: cst.Call, name: str) -> bool:
    """Whether elements are picked from a list, and not rows, which a fraction of another shape would have to be multiplied with; a roll is by one number."""
    lines = range(code.start(call)[0], code.end(call)[0] + 1)
    wanted, position = ("GatherV2", 0) if name == "gather" else ("Roll", 1)
    ops = [op for op in recording.ops if op.type == wanted and op.span is not None and op.span.cell == code.cell and op.span.line in lines]
    shapes = [t.shape for op in ops if (t := recording.tensors.get(op.inputs[position])) is not None]
    return bool(shapes) and all(shape is not None and len(shape) == (1 if name == "gather" else 0) for shape in shapes)
