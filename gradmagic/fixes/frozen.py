"""Layers that are all frozen, the new ones as well: only those of the inner model are meant to be."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assignments_of
from gradmagic.fixes.names import names_of
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Fix

LISTS = ("trainable_variables", "trainable_weights")
MODELS = ("Sequential", "Model", "Functional", "load_model", "clone_model", "model_from_json")


def asked_model(recording: Recording, run: GradientRun | None) -> str | None:
    """The model whose trainable weights a gradient call asked for, where it has none."""
    asked = asking(recording, run)
    wanted = argument(asked[1], 1, "sources") if asked is not None else None
    if run is None or run.sources or wanted is None or not isinstance(wanted.value, cst.Attribute) or last_name(wanted.value) not in LISTS or not recording.variables:
        return None
    return dotted(wanted.value.value) or None


def freezing_line(recording: Recording, model: str | None) -> Span | None:
    """The line that freezes every weight of a model; None where the cells don't show it."""
    found = _freezing(recording, model)
    return found[0].span(found[1]) if found is not None else None


def freeze_the_inner(recording: Recording, model: str | None) -> tuple[Fix, ...]:
    """`for layer in model.layers` → `for layer in base.layers` where the model is built on another one, else `model.layers[:-1]`; `model.trainable = False` → `base.trainable = False`."""
    found = _freezing(recording, model)
    if found is None:
        return ()
    code, assign, loop = found
    if loop is None:
        return _inner_itself(recording, code, assign)
    if not isinstance(loop.iter, cst.Attribute):
        return ()
    inner = _inner_models(recording, code, loop, dotted(loop.iter.value))
    if len(inner) > 1:
        return ()
    new = loop.iter.with_changes(value=cst.Name(inner[0])) if inner else code.expression(f"{code.text(loop.iter)}[:-1]")
    title = f"freeze the layers of `{inner[0]}` only" if inner else "let the last layer be trainable"
    return fix(title, "unsafe", (code, Change().replace(loop.iter, new)))


def _freezing(recording: Recording, model: str | None) -> tuple[Code, cst.Assign, cst.For | None] | None:
    found: list[tuple[Code, cst.Assign, cst.For | None]] = []
    for code in cells(recording) if model else ():
        for assign in code.all(cst.Assign):
            target = assign.targets[0].target
            if not isinstance(target, cst.Attribute) or target.attr.value != "trainable":
                continue
            loop, owner = code.enclosing(assign, cst.For), dotted(target.value)
            if loop is not None and dotted(loop.target) == owner:
                # A condition around it freezes some of the layers only, a slice as well.
                if not {code.statement(assign), assign} & {*loop.body.body} or not isinstance(loop.iter, cst.Attribute) or loop.iter.attr.value != "layers":
                    continue
                owner = dotted(loop.iter.value)
            else:
                loop = None
            if owner and model and _is(recording, code, assign, owner, model):
                if code.text(assign.value) != "False":
                    return None
                found.append((code, assign, loop))
    return found[0] if len(found) == 1 else None


def _is(recording: Recording, code: Code, node: cst.CSTNode, name: str, model: str) -> bool:
    """Whether a name inside a function (or outside) stands for the model: the same name, or what the function returns that made the model."""
    function = code.function(node)
    if function is None:
        return name == model
    returned = any(dotted(r.value) == name for r in code.all(cst.Return, function) if r.value is not None and code.function(r) is function)
    made = [a.value for c in cells(recording) for a in c.all(cst.Assign) if dotted(a.targets[0].target) == model and c.function(a) is not function]
    if returned and any(isinstance(m, cst.Call) and last_name(m.func) == function.name.value for m in made):
        return True
    return name == model and name.startswith("self.")


def _inner_itself(recording: Recording, code: Code, assign: cst.Assign) -> tuple[Fix, ...]:
    """The one model that another is built on, in the place of that one: by its name, or as the attribute of its class."""
    target = assign.targets[0].target
    outer = dotted(target.value) if isinstance(target, cst.Attribute) else ""
    scope = code.function(assign)
    made = [(c, a.value) for c in cells(recording) for a in assignments_of(c, outer) if c.function(a) is (scope if c is code else None)]
    inner = _made_of(recording, *made[0], outer) if len(made) == 1 else []
    inner = inner or [f"{outer}.{name}" for name in _attributes(recording, outer)]
    if len(inner) != 1 or not isinstance(target, cst.Attribute):
        return ()
    return fix(f"freeze `{inner[0]}` only", "unsafe", (code, Change().replace(target.value, code.expression(inner[0]))))


def _attributes(recording: Recording, outer: str) -> list[str]:
    """The attributes with models that the class of a model gives its objects, beside which it has layers of its own."""
    found: list[str] = []
    made = [(c, a.value) for c in cells(recording) for a in assignments_of(c, outer) if isinstance(a.value, cst.Call)]
    for code, call in made[:1]:
        for other in cells(recording):
            for first in (f for o in other.all(cst.ClassDef) if o.name.value == last_name(call.func) for f in other.all(cst.FunctionDef, o) if f.name.value == "__init__"):
                parameters = [p.name.value for p in first.params.params][1:]
                for assign in other.all(cst.Assign, first):
                    target, value = assign.targets[0].target, assign.value
                    given = argument(call, parameters.index(value.value), value.value) if isinstance(value, cst.Name) and value.value in parameters else None
                    model = _makes_model(recording, value) or (given is not None and isinstance(given.value, cst.Name) and _is_model(recording, code, code.scope(call), given.value.value))
                    if model and dotted(target).startswith("self."):
                        found.append(last_name(target))
    return found


def _made_of(recording: Recording, code: Code, value: cst.BaseExpression, outer: str) -> list[str]:
    """The models that an expression, and what it is computed from, calls by name or puts in a row."""
    scope, waiting, seen, named = code.scope(value), [value], set[str](), dict[str, None]()
    for call in code.all(cst.Call, scope):
        if last_name(call.func) == "add" and isinstance(call.func, cst.Attribute) and dotted(call.func.value) == outer and code.scope(call) is scope:
            waiting += [a.value for a in call.args]
    while waiting:
        step = waiting.pop()
        for node in code.all(cst.Name, step):
            parent = code.parent(node)
            if isinstance(parent, (cst.Call, cst.Element)) or node is step:
                named[node.value] = None
            if node.value not in seen:
                seen.add(node.value)
                waiting += [a.value for a in assignments_of(code, node.value, scope) if code.scope(a) is scope and not _makes_model(recording, a.value)]
    return [n for n in named if n != outer and _is_model(recording, code, scope, n)]


def _inner_models(recording: Recording, code: Code, loop: cst.For, outer: str) -> list[str]:
    """The models that the code in front of a loop builds another one on, by name."""
    scope = code.scope(loop)
    named: dict[str, None] = {}
    for call in code.all(cst.Call, scope):
        if code.start(call) > code.start(loop) or code.scope(call) is not scope:
            continue
        if isinstance(call.func, cst.Name):
            named[call.func.value] = None
        for element in code.all(cst.Element, call) if last_name(call.func) == "Sequential" else ():
            if isinstance(element.value, cst.Name):
                named[element.value.value] = None
    return [n for n in named if n != outer and _is_model(recording, code, scope, n)]


def _is_model(recording: Recording, code: Code, scope: cst.CSTNode, name: str) -> bool:
    """Whether the cells make a model and give it this name, also where it is passed to the function as an argument."""
    parameters = [p.name.value for p in scope.params.params] if isinstance(scope, cst.FunctionDef) else []
    if name in parameters and isinstance(scope, cst.FunctionDef):
        given = [a.value for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == scope.name.value and (a := argument(call, parameters.index(name), name)) is not None]
        names = {n for g in given for n in names_in(g) if isinstance(g, cst.Name)}
    else:
        names = {name}
    values = [a.value for n in names for c in cells(recording) for a in assignments_of(c, n)]
    return any(_makes_model(recording, v) for v in values)


def _makes_model(recording: Recording, value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.Call) and (last_name(value.func) in MODELS or "applications" in names_of(recording).module(value.func).split("."))
