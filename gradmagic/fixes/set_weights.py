"""Weights that are computed and written into a model with `set_weights`: the model is called with them."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, same
from gradmagic.fixes.names import new_name
from gradmagic.recording import Recording
from gradmagic.report import Fix


def called_with_weights(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`model.set_weights(new)` and `model(x)` behind it → `model.stateless_call(new, model.non_trainable_variables, x)[0]`."""
    code = code_at(recording, place)
    call = code.call_at(place, ("set_weights",)) if code is not None and place is not None else None
    statement = code.statement(call) if code is not None and call is not None else None
    if code is None or call is None or statement is None or not isinstance(call.func, cst.Attribute) or len(call.args) != 1 or not isinstance(code.parent(call), cst.Expr):
        return ()
    # `set_weights` takes those that are not trained too, and `stateless_call` takes them apart.
    written = [recording.variables.get(a.variable) for a in recording.assignments if a.span == place]
    model = call.func.value
    if not written or not all(v is not None and v.trainable for v in written) or not dotted(model):
        return ()
    runs = _runs(code, model, statement)
    if not runs:
        return ()
    change, given = Change(), call.args[0].value
    name = given.value if isinstance(given, cst.Name) else new_name(code, "weights")
    if not isinstance(given, cst.Name):
        change.insert_before(statement, code.line(f"{name} = {code.text(given)}"))
    if _is_read_later(recording, code, model, statement, runs):
        change.replace(given, cst.Name(name))
    else:
        change.remove(statement)
    own = code.text(model)
    for run in runs:
        arguments = ", ".join(code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in run.args)
        change.replace(run, code.expression(f"{own}.stateless_call({name}, {own}.non_trainable_variables, {arguments})[0]"))
    # The state of a generator is not handed on from one of these calls to the next.
    sure = not any("Random" in op.type for op in recording.ops)
    return fix(f"call `{own}` with the computed weights themselves", "safe" if sure else "unsafe", (code, change))


def _runs(code: Code, model: cst.BaseExpression, statement: cst.CSTNode) -> list[cst.Call]:
    """The calls of a model behind a statement; none where one before it sees in the next turn of a loop what the statement wrote, or where the weights change again."""
    scope = code.scope(statement)
    found = [c for c in code.all(cst.Call, scope) if same(c.func, model) and c.args and code.scope(c) is scope]
    again = [c for c in code.all(cst.Call, scope) if isinstance(c.func, cst.Attribute) and same(c.func.value, model) and c.func.attr.value in ("set_weights", "load_weights")]
    loops = [n for n in code.around(statement) if isinstance(n, (cst.For, cst.While))]
    early = [c for c in found if code.start(c) < code.start(statement) and any(loop in code.around(c) for loop in loops)]
    return [] if early or len(again) != 1 else [c for c in found if code.start(c) > code.end(statement)]


def _is_read_later(recording: Recording, code: Code, model: cst.BaseExpression, statement: cst.CSTNode, runs: list[cst.Call]) -> bool:
    """Whether anything but these calls may ask the model for what was written: code behind the statement, another function, the checked cell where the statement stands in an earlier one."""
    mine = [n for run in runs for n in code.all(type(model), run.func)]
    loops = [n for n in code.around(statement) if isinstance(n, (cst.For, cst.While))]
    for other in cells(recording):
        for node in other.all(type(model)):
            if not same(node, model) or node in mine:
                continue
            function = other.function(node)
            elsewhere = function is not None and function is not code.function(statement) and function.name.value != "__init__"
            later = other.cell == "current"
            if other is code:
                # What stands above it in a loop reads it in the next turn.
                later = code.start(node) > code.end(statement) or (code.start(node) < code.start(statement) and any(loop in code.around(node) for loop in loops))
            if elsewhere or later:
                return True
    return False
