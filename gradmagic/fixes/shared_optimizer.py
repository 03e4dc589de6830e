"""One optimizer that several models are trained with: each gets one of its own, made where the model is."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, dotted, fix, last_name
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.optimizers import optimizers
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
    for code, value in given:
        changes.setdefault(id(code), (code, Change()))[1].replace(value, code.expression(origin.text(call)))
    return fix("make an optimizer for each model that is compiled", "unsafe", *changes.values())


def _shared(recording: Recording, update: Update | None) -> Shared | None:
    known = optimizers(recording)
    given: dict[str, list[tuple[Code, cst.Call, cst.BaseExpression]]] = {}
    for code in cells(recording):
        for call in code.all(cst.Call):
            arg = argument(call, 0, "optimizer") if last_name(call.func) == "compile" and isinstance(call.func, cst.Attribute) else None
            if arg is not None and isinstance(arg.value, cst.Name) and arg.value.value in known:
                given.setdefault(arg.value.value, []).append((code, call, arg.value))
    found: list[Shared] = []
    for name, places in given.items():
        origin, made = known[name]
        if origin.function(made) is not None or origin.enclosing(made, cst.For, cst.While) is not None:
            continue
        # A function or a loop compiles a model whenever it runs; a line of a cell compiles one.
        if len(places) > 1 or any(c.function(n) is not None or c.enclosing(n, cst.For, cst.While) is not None for c, n, _ in places):
            found.append((name, known[name], [(c, value) for c, _, value in places]))
    where = code_at(recording, update.span if update is not None else None)
    step = where.call_at(update.span, ("apply_gradients", "apply", "minimize")) if where is not None and update is not None and update.span is not None else None
    named = dotted(step.func.value) if step is not None and isinstance(step.func, cst.Attribute) else ""
    return found[0] if len(found) == 1 and (not named or named in (found[0][0], "self.optimizer")) else None


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
