"""A training in stages, each with variables of its own, that takes the optimizer of the first stage along: one for each stage."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in, parameters_of
from gradmagic.fixes.flow import assigned, assignments_of, pairs_of, targets_of
from gradmagic.fixes.optimizers import APPLYING, optimizers
from gradmagic.recording import Recording, Update
from gradmagic.report import Fix

_Handed = tuple[Code, cst.Call, cst.BaseExpression]


@dataclasses.dataclass(frozen=True)
class _Stage:
    """The call that did not know its variables, what its optimizer is called there, and the function that it stands in."""

    code: Code
    call: cst.Call
    name: str
    function: cst.FunctionDef | None


def one_for_each_stage(recording: Recording, update: Update | None) -> tuple[Fix, ...]:
    """A second `self.optimizer` for the method of the second stage; a new one for each call, or each turn of a loop, that brings other variables."""
    code = code_at(recording, update.span if update is not None else None)
    call = code.call_at(update.span, (*APPLYING, "minimize")) if code is not None and update is not None and update.span is not None else None
    if code is None or call is None or not isinstance(call.func, cst.Attribute) or not dotted(call.func.value):
        return ()
    stage = _Stage(code, call, dotted(call.func.value), code.function(call))
    if stage.function is not None and "." in stage.name:
        return _beside_the_first(recording, stage, stage.function) or _for_each_object(recording, stage)
    if stage.function is not None and stage.name in parameters_of(stage.function):
        return _at_each_call(recording, stage, stage.function)
    return _in_each_turn(recording, stage) or (_in_the_function(recording, stage, stage.function) if stage.function is not None else ())


def _beside_the_first(recording: Recording, stage: _Stage, method: cst.FunctionDef) -> tuple[Fix, ...]:
    """`self.second_optimizer` beside `self.optimizer`, where other methods of the class apply gradients with that one."""
    code, owner = stage.code, stage.code.enclosing(method, cst.ClassDef)
    mine = method.params.params[0].name.value if method.params.params else ""
    made = [a for a in code.all(cst.Assign, owner) if dotted(a.targets[0].target) == stage.name and len(a.targets) == 1] if owner is not None else []
    statement, known = (code.statement(made[0]), optimizers(recording).get(stage.name)) if len(made) == 1 else (None, None)
    if owner is None or statement is None or known is None or known[1] is not made[0].value or stage.name.count(".") != 1 or not stage.name.startswith(f"{mine}."):
        return ()
    uses = [c for c in code.all(cst.Call, owner) if last_name(c.func) in APPLYING and isinstance(c.func, cst.Attribute) and dotted(c.func.value) == stage.name]
    inside = [c for c in uses if code.function(c) is method]
    # A method that both stages go through would meet the same two lists under another name.
    if len(inside) != 1 or len(inside) == len(uses) or code.function(statement) is method:
        return ()
    taken = {a.attr.value for c in cells(recording) for a in c.all(cst.Attribute)}
    attribute = next(n for i in range(2, 1000) if (n := f"second_{stage.name.rpartition('.')[2]}" + ("" if i == 2 else f"_{i}")) not in taken)
    change = Change().insert_after(statement, code.line(f"{mine}.{attribute} = {code.text(made[0].value)}"))
    for node in code.all(cst.Attribute, method):
        if dotted(node) == stage.name:
            change.replace(node, code.expression(f"{mine}.{attribute}"))
    return fix(f"use an optimizer of its own in `{method.name.value}`", "unsafe", (code, change))


def _at_each_call(recording: Recording, stage: _Stage, function: cst.FunctionDef) -> tuple[Fix, ...]:
    """`train(net, head, optimizer)` behind `train(net, body, optimizer)`: a new optimizer for the second call, and for each call of a loop."""
    found = _handed(recording, function.name.value, parameters_of(function).index(stage.name), stage.name)
    again = [item for item in found if _turns(recording, *item[:2])]
    others = again or [item for item in found[1:] if _given(item[1]) != _given(found[0][1])]
    return _own(recording, found, others, f"make an optimizer for each call of `{function.name.value}` that brings other variables")


def _for_each_object(recording: Recording, stage: _Stage) -> tuple[Fix, ...]:
    """`Net(4, optimizer)` and `Net(6, optimizer)` of a class that keeps it as `self.optimizer`: a new one for the second object, and for each object of a loop."""
    code, owner = stage.code, stage.code.enclosing(stage.call, cst.ClassDef)
    kept = [v for a in code.all(cst.Assign, owner) for t, v in pairs_of(a) if dotted(t) == stage.name] if owner is not None else []
    made_in = code.function(kept[0]) if len(kept) == 1 else None
    if owner is None or made_in is None or made_in.name.value != "__init__" or not isinstance(kept[0], cst.Name):
        return ()
    name, plain = kept[0].value, parameters_of(made_in)
    if name not in plain and all(p.name.value != name for p in made_in.params.kwonly_params):
        return ()
    found = _handed(recording, owner.name.value, plain.index(name) if name in plain else None, name)
    again = [item for item in found if any(isinstance(n, (cst.For, cst.While, cst.BaseComp)) for n in item[0].around(item[1]))]
    return _own(recording, found, again or found[1:], f"make an optimizer for each `{owner.name.value}`")


def _handed(recording: Recording, called: str, position: int | None, name: str) -> list[_Handed]:
    """The calls that hand an optimizer over, and what they hand over, in the order in which the cells stand."""
    found = [(c, n, a.value) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == called and (a := argument(n, position, name)) is not None]
    return sorted(found, key=lambda item: (item[0].cell == "current", item[0].cell if isinstance(item[0].cell, int) else 0, item[0].start(item[1])))


def _own(recording: Recording, found: list[_Handed], others: list[_Handed], title: str) -> tuple[Fix, ...]:
    """A new optimizer for some of the calls that hand the same one over."""
    known = {dotted(value): optimizers(recording).get(dotted(value)) for _, _, value in found}
    origin = next(iter(known.values()), None)
    if len(known) != 1 or origin is None or origin[0].function(origin[1]) is not None or any(c.function(n) is not None for c, n, _ in found):
        return ()
    changes: dict[int, tuple[Code, Change]] = {}
    for code, _, value in others:
        changes.setdefault(id(code), (code, Change()))[1].replace(value, code.expression(origin[0].text(origin[1])))
    return fix(title, "unsafe", *changes.values())


def _given(call: cst.Call) -> list[str]:
    blank = cst.Module([])
    return [blank.code_for_node(a.value) for a in call.args]


def _turns(recording: Recording, code: Code, call: cst.Call) -> bool:
    """Whether a loop brings a call other variables in each turn."""
    return any(names_in(call) & _brought(code, loop) for loop in code.around(call) if isinstance(loop, cst.For))


def _brought(code: Code, loop: cst.For) -> set[str]:
    """The names that a loop gives other values in each turn by what it goes over."""
    found = targets_of(loop.target)
    for step in loop.body.body:
        for assign in code.all(cst.Assign, step) if isinstance(step, cst.SimpleStatementLine) else ():
            found |= assigned(step) if names_in(assign.value) & found else set()
    return found


def _in_each_turn(recording: Recording, stage: _Stage) -> tuple[Fix, ...]:
    """`for part in parts:` with a loop of steps in it: a new optimizer at the top of each turn."""
    code, known = stage.code, optimizers(recording).get(stage.name)
    listed = _listed(code, stage.call)
    if known is None or listed is None or not stage.name.isidentifier():
        return ()
    loops = [n for n in code.around(stage.call) if isinstance(n, (cst.For, cst.While)) and code.scope(n) is code.scope(stage.call)]
    for loop in loops[1:]:
        if isinstance(loop, cst.For) and names_in(listed) & _brought(code, loop):
            outside = known[0] is not code or loop not in list(code.around(known[1]))
            same_scope = known[0].scope(known[1]) is (code.scope(loop) if known[0] is code else known[0].module)
            line = code.line(f"{stage.name} = {known[0].text(known[1])}")
            return fix(f"make a new `{stage.name}` in each turn, for its variables", "unsafe", (code, Change().insert_before(loop.body.body[0], line))) if outside and same_scope else ()
    return ()


def _listed(code: Code, call: cst.Call) -> cst.BaseExpression | None:
    """The variables that a call applies gradients to, as they are written."""
    zipped = next((c for c in code.all(cst.Call, call) if last_name(c.func) == "zip" and len(c.args) == 2), None)
    return zipped.args[1].value if zipped is not None else None


def _in_the_function(recording: Recording, stage: _Stage, function: cst.FunctionDef) -> tuple[Fix, ...]:
    """A function that trains the variables it is handed, called for several groups of them: it makes its own optimizer."""
    code, known, listed = stage.code, optimizers(recording).get(stage.name), _listed(stage.code, stage.call)
    handed = listed is not None and names_in(listed) & {*parameters_of(function)}
    loop = code.enclosing(stage.call, cst.For, cst.While)
    if known is None or not handed or function.decorators or loop is None or code.function(loop) is not function or stage.name in assigned(function.body):
        return ()
    calls = [(c, n) for c in cells(recording) for n in c.all(cst.Call) if last_name(n.func) == function.name.value]
    # Called turn after turn for the same variables, it would forget what it knows of them.
    if known[0].function(known[1]) is not None or any(c.function(n) is not None or (c.enclosing(n, cst.For, cst.While) is not None and not _turns(recording, c, n)) for c, n in calls):
        return ()
    if len(calls) < 2 and not any(_turns(recording, c, n) for c, n in calls):
        return ()
    body = list(function.body.body)
    first = body[1] if len(body) > 1 and isinstance(body[0], cst.SimpleStatementLine) and isinstance(body[0].body[0], cst.Expr) and isinstance(body[0].body[0].value, cst.BaseString) else body[0]
    line = code.line(f"{stage.name} = {known[0].text(known[1])}")
    if any(len(assignments_of(c, n, c.module)) > 1 for c in cells(recording) for n in names_in(known[1])):
        return ()
    return fix(f"make a new `{stage.name}` in `{function.name.value}`, for the variables that it is handed", "unsafe", (code, Change().insert_before(first, line)))
