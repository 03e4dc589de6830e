"""Layers that a `Lambda` hides from Keras."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, fix, key_of, last_name
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import calls_of, names_of
from gradmagic.recording import Recording
from gradmagic.report import Fix


def called_outside(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`Lambda(f)(h)` in a functional model, where `f` calls a layer and computes with operators and layers only: `f(h)`, so that Keras sees the layer."""
    code, names = code_at(recording, place), names_of(recording)
    if code is None or place is None:
        return ()
    here = code.expressions_at(place)
    for call in code.all(cst.Call):
        before = _made_before(code, call)
        made = before[0] if before is not None else call.func
        function = made.args[0].value if isinstance(made, cst.Call) and last_name(made.func) == "Lambda" and made.args else None
        body = _body(code, function)
        if body is None or len(call.args) != 1 or not here or here[0] not in code.all(cst.BaseExpression, body):
            continue
        called = [n for n in code.all(cst.Call, body) if names.module(n.func).partition(".")[0] in ("tensorflow", "numpy", "math") and ".keras." not in names.module(n.func)]
        change = Change().remove(before[1]) if before is not None else Change()
        if called:
            return _layer_before(code, call, function, body, here[0])
        if isinstance(function, cst.Name):
            return fix(f"call `{function.value}` itself, so that Keras sees its layer", "unsafe", (code, change.replace(call, call.with_changes(func=function))))
        if isinstance(function, cst.Lambda) and len(function.params.params) == 1 and (text := _with(code, function, call.args[0].value)) is not None:
            return fix("compute it outside of the `Lambda`, so that Keras sees the layer", "unsafe", (code, change.replace(call, code.expression(text))))
    return ()


def _layer_before(code: Code, call: cst.Call, function: cst.BaseExpression | None, body: cst.CSTNode, layer: cst.BaseExpression) -> tuple[Fix, ...]:
    """`Lambda(f)(h)` where `f` begins with a layer and goes on with functions of TensorFlow → `Lambda(f)(layer(h))`, with the layer taken out of `f`."""
    owner = function if isinstance(function, cst.Lambda) else next((f for f in code.all(cst.FunctionDef) if f.body is body), None)
    parameter = owner.params.params[0].name.value if owner is not None and owner.params.params else ""
    given = layer.args[0].value if isinstance(layer, cst.Call) and len(layer.args) == 1 else None
    if not isinstance(layer, cst.Call) or not isinstance(given, cst.Name) or given.value != parameter or len([n for n in code.all(cst.Name, body) if n.value == parameter]) != 1:
        return ()
    before = layer.with_changes(args=[cst.Arg(call.args[0].value)])
    change = Change().replace(layer, given).replace(call.args[0].value, before)
    return fix("call the layer before the `Lambda`, so that Keras sees it", "unsafe", (code, change))


def _body(code: Code, function: cst.CSTNode | None) -> cst.CSTNode | None:
    if isinstance(function, cst.Lambda):
        return function.body
    if isinstance(function, cst.Name):
        return next((f.body for f in code.all(cst.FunctionDef) if f.name.value == function.value and len(f.params.params) == 1), None)
    return None


def _with(code: Code, function: cst.Lambda, given: cst.BaseExpression) -> str | None:
    """A function's body with what it is given in the place of its parameter, and with the elements of a list for its indices; None where the list itself is read."""
    parameter = function.params.params[0].name.value
    elements = [e.value for e in given.elements] if isinstance(given, (cst.List, cst.Tuple)) else None
    attributes = {a.attr for a in code.all(cst.Attribute, function.body)} | {a.keyword for a in code.all(cst.Arg, function.body) if a.keyword is not None}
    places: dict[cst.CSTNode, cst.BaseExpression] = {}
    for name in [n for n in code.all(cst.Name, function.body) if n.value == parameter and n not in attributes]:
        around, index = code.parent(name), key_of(code.parent(name) or name)
        if elements is None:
            places[name] = given
        elif isinstance(around, cst.Subscript) and isinstance(index, cst.Integer) and int(index.value) < len(elements):
            places[around] = elements[int(index.value)]
        else:
            return None
    # What is written down in several places would be computed in each of them.
    values = [*(elements or [given])]
    if any(not isinstance(v, (cst.Name, cst.Attribute, cst.Subscript)) for v in values) and len(places) > len(values):
        return None

    class Given(cst.CSTTransformer):
        def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
            return places.get(original_node, updated_node)

    body = function.body.visit(Given())
    assert isinstance(body, cst.BaseExpression)
    return code.text(body)


def _made_before(code: Code, call: cst.Call) -> tuple[cst.Call, cst.SimpleStatementLine] | None:
    """The `Lambda` that a called name was given, by a line that makes nothing else, where it is called once."""
    name = call.func.value if isinstance(call.func, cst.Name) else ""
    lines = assignments_of(code, name, code.scope(call)) if name else []
    made = lines[0].value if len(lines) == 1 else None
    statement = code.statement(lines[0]) if lines else None
    if not isinstance(made, cst.Call) or last_name(made.func) != "Lambda" or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return None
    return (made, statement) if len([n for n in code.all(cst.Name) if n.value == name]) == 2 else None


def layers_in(recording: Recording, place: Place) -> bool:
    """Whether a place lies in what a `Lambda` runs."""
    code = code_at(recording, place)
    here = code.expressions_at(place) if code is not None and place is not None else []
    for call in calls_of(code, {"Lambda"}) if code is not None else ():
        body = _body(code, call.args[0].value) if code is not None and call.args else None
        if code is not None and body is not None and here and here[0] in code.all(cst.BaseExpression, body):
            return True
    return False
