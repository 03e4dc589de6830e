"""A layer's output that is computed beside the prediction, by a model of its own: one model that gives both, so that the prediction is computed from it."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name
from gradmagic.fixes.flow import assignments_of, reads_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

Assigned = tuple[cst.Assign, str, cst.Call]


def with_its_output(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`features = part(x)`, `y = model(x)` with `part = keras.Model(model.inputs, layer.output)` → `features, y = part(x)` with `[layer.output, model.outputs[0]]` (Selvaraju et al., 2017: Grad-CAM)."""
    found = asking(recording, run)
    sources = argument(found[1], 1, "sources") if found is not None else None
    if found is None or sources is None or not isinstance(sources.value, cst.Name):
        return ()
    code, name = found[0], sources.value.value
    scope = code.scope(found[1])
    inner = _called(code, name, scope)
    made = _part(recording, inner[2]) if inner is not None else None
    if inner is None:
        return _of_first_layer(recording, code, name, scope)
    if made is None:
        return ()
    where, output, model = made
    whole = _prediction(code, scope, inner, model)
    if whole is None:
        return ()
    if any(code.end(whole[0]) < code.start(n) < code.start(inner[0]) for n in reads_of(code, whole[1], scope)):
        return ()
    statement = code.statement(whole[0])
    if statement is None:
        return ()
    pair = cst.Tuple([cst.Element(cst.Name(name)), cst.Element(cst.Name(whole[1]))], lpar=[], rpar=[])
    changes = {id(where): (where, Change().replace(output, where.expression(f"[{where.text(output)}, {model}.outputs[0]]")))}
    changes.setdefault(id(code), (code, Change()))[1].replace(inner[0].targets[0].target, pair).remove(statement)
    return fix(f"let one model give `{name}` and `{whole[1]}`", "unsafe", *changes.values())


def _of_first_layer(recording: Recording, code: Code, name: str, scope: cst.CSTNode) -> tuple[Fix, ...]:
    """`h = model.layers[0](x)` beside `y = model(x)` → `h, y = keras.Model(model.inputs, [model.layers[0].output, model.outputs[0]])(x)`."""
    made, keras = assignments_of(code, name, scope), names_of(recording).keras
    call = made[0].value if len(made) == 1 and len(made[0].targets) == 1 else None
    if keras is None or not isinstance(call, cst.Call) or not isinstance(call.func, cst.Subscript) or last_name(call.func.value) != "layers" or code.text(call.func.slice[0]) != "0":
        return ()
    model = dotted(call.func.value).removesuffix(".layers")
    whole = _prediction(code, scope, (made[0], name, call), model)
    statement = code.statement(whole[0]) if whole is not None else None
    if whole is None or statement is None or any(code.end(whole[0]) < code.start(n) < code.start(made[0]) for n in reads_of(code, whole[1], scope)):
        return ()
    pair = cst.Tuple([cst.Element(cst.Name(name)), cst.Element(cst.Name(whole[1]))], lpar=[], rpar=[])
    both = code.expression(f"{keras}.Model({model}.inputs, [{code.text(call.func)}.output, {model}.outputs[0]])")
    change = Change().replace(made[0].targets[0].target, pair).replace(call.func, both).remove(statement)
    return fix(f"let one model give `{name}` and `{whole[1]}`", "unsafe", (code, change))


def _called(code: Code, name: str, scope: cst.CSTNode) -> Assigned | None:
    """`name = model(…)`, where that is all the name is given."""
    made = assignments_of(code, name, scope)
    call = made[0].value if len(made) == 1 else None
    plain = isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and len(made[0].targets) == 1 and isinstance(made[0].targets[0].target, cst.Name)
    return (made[0], name, call) if plain and isinstance(call, cst.Call) else None


def _part(recording: Recording, call: cst.Call) -> tuple[Code, cst.BaseExpression, str] | None:
    """Where the model that is called is made of another one, the one output that it has, and that other one; None where it is called elsewhere too."""
    name = last_name(call.func)
    if sum(last_name(c.func) == name for code in cells(recording) for c in code.all(cst.Call)) != 1:
        return None
    for code in cells(recording):
        for assign in assignments_of(code, name):
            made = assign.value
            inputs, outputs = (argument(made, i, k) for i, k in enumerate(("inputs", "outputs"))) if isinstance(made, cst.Call) and last_name(made.func) == "Model" else (None, None)
            if inputs is None or outputs is None:
                continue
            given, output = inputs.value, outputs.value
            if isinstance(given, (cst.List, cst.Tuple)) and len(given.elements) == 1:
                given = given.elements[0].value
            whole = given.value if isinstance(given, cst.Attribute) and last_name(given) in ("input", "inputs") else None
            if isinstance(given, cst.Name) and not isinstance(output, (cst.List, cst.Tuple, cst.Dict)) and (beside := _of_the_same_input(code, given.value, assign)) is not None:
                return code, output, beside
            inside = isinstance(output, cst.Attribute) and last_name(output) == "output" and isinstance(output.value, (cst.Call, cst.Subscript))
            if isinstance(whole, cst.Name) and inside and whole.value in {n.value for n in code.all(cst.Name, output)}:
                return code, output, whole.value
    return None


def _of_the_same_input(code: Code, symbol: str, part: cst.Assign) -> str | None:
    """The one other model that is made of a symbolic input, between the layers that are called on it once."""
    found = []
    for assign in code.all(cst.Assign):
        made, target = assign.value, assign.targets[0].target
        first = argument(made, 0, "inputs") if assign is not part and isinstance(made, cst.Call) and last_name(made.func) == "Model" else None
        if first is not None and code.text(first.value).strip("[]") == symbol and isinstance(target, cst.Name):
            found.append(target.value)
    return found[0] if len(found) == 1 and len(assignments_of(code, symbol)) == 1 else None


def _prediction(code: Code, scope: cst.CSTNode, inner: Assigned, model: str) -> Assigned | None:
    """`y = model(…)` with the same arguments, beside the call of its part."""
    given = [code.text(a.value) for a in inner[2].args]
    for assign in code.all(cst.Assign, scope):
        call, target = assign.value, assign.targets[0].target
        if isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == model and isinstance(target, cst.Name) and [code.text(a.value) for a in call.args] == given:
            beside = code.parent(code.statement(assign) or assign) is code.parent(code.statement(inner[0]) or inner[0])
            return (assign, target.value, call) if beside and len(assignments_of(code, target.value, scope)) == 1 else None
    return None
