"""A table whose columns were made the features of a single step, before a recurrent layer or weights over the steps: its columns become the steps."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, call_of
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assigned
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix

FUNCTIONS = ("softmax", "log_softmax", "Softmax")
NEW = ("None", "tf.newaxis", "np.newaxis")


def columns_as_steps(recording: Recording, place: Place, op: Op | None, run: GradientRun | None) -> tuple[Fix, ...]:
    """`x.reshape(n, 1, f)` → `x.reshape(n, f, 1)`, where a softmax over axis 1 finds a single step."""
    made = recording.tensors.get(op.outputs[0]) if op is not None and op.type == "Softmax" and op.outputs else None
    if made is None or made.shape is None or len(made.shape) < 2 or not _over_steps(code_at(recording, place), place):
        return ()
    return steps_of_columns(recording, op, run)


def steps_of_columns(recording: Recording, op: Op | None, run: GradientRun | None) -> tuple[Fix, ...]:
    """The same for all that the model is given of which an op is a part."""
    changes, given = [], _given(recording, (op.span if op is not None else None, run.span if run is not None else None))
    for code in cells(recording):
        data, shapes = Change(), Change()
        for call in code.all(cst.Call):
            if isinstance(code.scope(call), cst.FunctionDef) or code.enclosing(call, cst.ClassDef) is not None:
                continue
            if _names(code, call) & given:
                _reshaped(code, call, data)
            if last_name(call.func) == "Input" or argument(call, None, "input_shape") is not None:
                shape = argument(call, None, "input_shape", "shape") or argument(call, 0, "shape")
                _turned(code, list(shape.value.elements) if shape is not None and isinstance(shape.value, (cst.Tuple, cst.List)) else [], shapes)
        for part in code.all(cst.Subscript):
            if not isinstance(code.scope(part), cst.FunctionDef) and _names(code, part) & given:
                _indexed(code, part, data)
        changes.append((code, data, shapes))
    if not any(data.replaced for _, data, _ in changes):
        return ()
    for _, data, shapes in changes:
        data.replaced.update(shapes.replaced)
    return fix("make the columns the steps of the sequence: so far it has one step", "unsafe", *((code, data) for code, data, _ in changes if data.replaced))


def _given(recording: Recording, places: tuple[Place, ...]) -> set[str]:
    """The names of all that the model is given which is called at one of these places, there and elsewhere."""
    models = {m.name for m in recording.models}
    called: set[str] = set()
    for place in places:
        code = code_at(recording, place)
        for call in code.expressions_at(place) if code is not None and place is not None else ():
            called |= {dotted(call.func).partition(".")[0]} & models if isinstance(call, cst.Call) else set()
    calls = [c for code in cells(recording) for c in code.all(cst.Call) if dotted(c.func).partition(".")[0] in called]
    return {n for c in calls for a in c.args for n in names_in(a.value)}


def _names(code: Code, node: cst.CSTNode) -> set[str]:
    """The names that the statement around an expression assigns, and that expression itself where it is an argument."""
    statement, around = code.statement(node), code.parent(node)
    return (assigned(statement) if statement is not None else set()) | (names_in(node) if isinstance(around, cst.Arg) else set())


def _over_steps(code: Code | None, place: Place) -> bool:
    """Whether a softmax is taken over axis 1, by what is written."""
    call = call_of(code, place, FUNCTIONS)
    axis = argument(call, 0 if call is not None and last_name(call.func) == "Softmax" else 1, "axis", "dim") if call is not None else None
    return code is not None and axis is not None and code.text(axis.value) in ("1", "-2", "[1]")


def _reshaped(code: Code, call: cst.Call, change: Change) -> None:
    plain = [a.value for a in call.args if a.keyword is None]
    if last_name(call.func) == "reshape":
        method = isinstance(call.func, cst.Attribute) and len(plain) == 3
        listed = next((v for v in plain if isinstance(v, (cst.Tuple, cst.List)) and len(v.elements) == 3), None)
        if listed is not None:
            _turned(code, list(listed.elements)[1:], change)
        elif method and code.text(plain[1]) == "1" and code.text(plain[2]) != "1":
            change.replace(plain[1], plain[2]).replace(plain[2], plain[1])


def _turned(code: Code, elements: list[cst.BaseElement], change: Change) -> None:
    """The last two lengths of a shape, of which the first is 1."""
    if len(elements) == 2 and code.text(elements[0].value) == "1" and code.text(elements[1].value) != "1":
        change.replace(elements[0].value, elements[1].value).replace(elements[1].value, elements[0].value)


def _indexed(code: Code, part: cst.Subscript, change: Change) -> None:
    """`x[:, None, :]` → `x[:, :, None]`; the one index of `x[:, None]` may be that of a vector."""
    texts = [code.text(s.slice) for s in part.slice]
    new = next((t for t in texts if t in NEW), None)
    if new is not None and texts == [":", new, ":"]:
        change.replace(part, code.expression(f"{code.text(part.value)}[:, :, {new}]"))
