"""One optimizer that several models are trained with: each gets one of its own, made where the model is."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assigned, pairs_of, targets_of
from gradmagic.fixes.optimizers import optimizer_calls, optimizers
from gradmagic.recording import Recording, Span, Update
from gradmagic.report import Fix

LISTS = ("trainable_variables", "trainable_weights")
Shared = tuple[str, tuple[Code, cst.Call], list[tuple[Code, cst.BaseExpression]]]


def shared_by_models(recording: Recording, update: Update | None) -> tuple[str, Span] | None:
    """The name of an optimizer that is made once and compiled into model after model, and where it is made."""
    found = _shared(recording, update)
    if found is None:
        return None
    name, (code, call), _ = found
    return name, code.span(call)


def one_for_each_model(recording: Recording, update: Update | None) -> tuple[Fix, ...]:
    """`compile(optimizer=optimizer)` → `compile(optimizer=Adam(…))`; in a loop that makes models and trains them by hand, a new optimizer behind the new model."""
    found = _shared(recording, update)
    if found is None:
        return _behind_the_model(recording, update)
    _, (origin, call), given = found
    changes: dict[int, tuple[Code, Change]] = {}
    # Lines that run once each may leave the one that is there to the first of them.
    for code, value in given if any(_runs_often(c, v, origin, call) for c, v in given) else given[1:]:
        if code.function(value) is not origin.function(call) and names_in(call) & (_local_to(origin, call) | _local_to(code, value)):
            return ()
        changes.setdefault(id(code), (code, Change()))[1].replace(value, code.expression(origin.text(call)))
    return fix("make an optimizer for each model that is compiled", "unsafe", *changes.values())


def _shared(recording: Recording, update: Update | None) -> Shared | None:
    given: dict[int, Shared] = {}
    for code in reversed(cells(recording)):
        for call in code.all(cst.Call):
            arg = argument(call, 0, "optimizer") if last_name(call.func) == "compile" and isinstance(call.func, cst.Attribute) else None
            made = _made(recording, code, arg.value) if arg is not None else None
            if arg is not None and made is not None:
                given.setdefault(id(made[1]), (dotted(arg.value), made, []))[2].append((code, arg.value))
    found = [(name, made, places) for name, made, places in given.values() if len(places) > 1 or any(_runs_often(c, v, *made) for c, v in places)]
    where = code_at(recording, update.span if update is not None else None)
    step = where.call_at(update.span, ("apply_gradients", "apply", "minimize")) if where is not None and update is not None and update.span is not None else None
    named = dotted(step.func.value) if step is not None and isinstance(step.func, cst.Attribute) else ""
    return found[0] if len(found) == 1 and (not named or named in (found[0][0], "self.optimizer")) else None


def _made(recording: Recording, code: Code, value: cst.BaseExpression) -> tuple[Code, cst.Call] | None:
    """The one call that makes the optimizer of a name: in the same function, in the same class for an attribute, else in a line of a cell."""
    name, function, owner = dotted(value), code.function(value), code.enclosing(value, cst.ClassDef)
    scope = owner if "." in name else function
    inside = [v for a in code.all(cst.Assign, scope) for t, v in pairs_of(a) if dotted(t) == name] if scope is not None and name else []
    if inside:
        made = optimizer_calls(recording)
        again = code.enclosing(inside[0], cst.For, cst.While)
        held = again is None or code.function(again) is not code.function(inside[0])
        return (code, inside[0]) if len(inside) == 1 and held and isinstance(inside[0], cst.Call) and any(inside[0] is call for _, call in made) else None
    origin = optimizers(recording).get(name) if isinstance(value, cst.Name) else None
    outside = origin is not None and origin[0].function(origin[1]) is None and origin[0].enclosing(origin[1], cst.For, cst.While) is None
    return origin if outside else None


def _runs_often(code: Code, value: cst.BaseExpression, origin: Code, made: cst.Call) -> bool:
    """Whether a line may compile several models with an optimizer that is made once: it stands in a loop, or in another function."""
    function = code.function(value)
    return any(isinstance(n, (cst.For, cst.While, cst.BaseComp)) for n in code.around(value)) or (function is not None and not (origin is code and function is origin.function(made)))


def _local_to(code: Code, node: cst.CSTNode) -> set[str]:
    """The names that only the function around a node knows."""
    function = code.function(node)
    if function is None:
        return set()
    return {p.name.value for p in (*function.params.params, *function.params.kwonly_params)} - {"self"} | assigned(function.body)


def _behind_the_model(recording: Recording, update: Update | None) -> tuple[Fix, ...]:
    """A loop that makes a model in each turn and applies its gradients with an optimizer from in front of the loop."""
    known = optimizers(recording)
    found = []
    for code in cells(recording):
        for call in code.all(cst.Call):
            if last_name(call.func) not in ("apply_gradients", "apply") or not isinstance(call.func, cst.Attribute) or update is None or update.span is None:
                continue
            name, inside = dotted(call.func.value), code.cell == update.span.cell and code.start(call)[0] <= update.span.end_line and update.span.line <= code.end(call)[0]
            origin, made = known.get(name, (None, None))
            if not inside or origin is None or made is None or not name.isidentifier():
                continue
            listed = {dotted(n.value) for n in code.all(cst.Attribute, call) if n.attr.value in LISTS}
            for loop in (n for n in code.around(call) if isinstance(n, cst.For)):
                if code.scope(loop) is not code.scope(call) or (origin is code and loop in list(code.around(made))) or (origin is code and code.scope(made) is not code.scope(loop)):
                    continue
                if origin is not code and code.function(loop) is not None:
                    continue
                for step in loop.body.body:
                    assign = next(iter(code.all(cst.Assign, step)), None) if isinstance(step, cst.SimpleStatementLine) else None
                    models = targets_of(assign.targets[0].target) if assign is not None and isinstance(assign.value, cst.Call) else set()
                    if models & listed:
                        found.append((code, step, f"{name} = {origin.text(made)}", name))
    if len(found) != 1:
        return ()
    code, step, line, name = found[0]
    return fix(f"make a new `{name}` for each model", "unsafe", (code, Change().insert_after(step, code.line(line))))
