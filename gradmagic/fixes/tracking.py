"""Weights that Keras does not know of, and models that are trained beside the one that is used."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, walk
from gradmagic.fixes.names import names_of
from gradmagic.recording import GradientRun, Op, Recording, Variable
from gradmagic.report import Fix


def added_weight(recording: Recording, place: Place, variable: Variable) -> tuple[Fix, ...]:
    """`self.w = tf.Variable(start)` → `self.w = self.add_weight(…)` with the same shape, dtype and start."""
    code, keras = code_at(recording, place), names_of(recording).keras
    call = code.call_at(place, ("Variable",)) if code is not None and place is not None else None
    shape = variable.shape
    if code is None or call is None or keras is None or shape is None or None in shape:
        return ()
    statement = code.statement(call)
    function = code.function(call)
    start = argument(call, 0, "initial_value")
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if function is None or start is None or not isinstance(assign, cst.Assign) or assign.value is not call:
        return ()
    target = assign.targets[0].target
    owner = function.params.params[0].name.value if function.params.params else ""
    if not isinstance(target, cst.Attribute) or not isinstance(target.value, cst.Name) or target.value.value != owner:
        return ()
    named = argument(call, None, "name")
    name = code.text(named.value) if named is not None else f'"{target.attr.value}"'
    dtype = f", dtype={variable.dtype!r}".replace("'", '"') if variable.dtype != "float32" else ""
    text = f"{owner}.add_weight(shape={shape!r}, initializer={keras}.initializers.Constant({code.text(start.value)}){dtype}, name={name})"
    return fix("make it with `add_weight`, so that Keras trains it", "unsafe", (code, Change().replace(call, code.expression(text))))


def other_model(recording: Recording, place: Place, used: str, trained: str) -> tuple[Fix, ...]:
    """The trained model in the place of the one that was left as it was, in one call."""
    code = code_at(recording, place)
    if code is None or place is None or not used.replace(".", "").isidentifier() or not trained.replace(".", "").isidentifier():
        return ()
    local = _made_in(recording, trained)
    if local is not None and local != code.function(next(iter(code.expressions_at(place)), code.module)):
        # The name means nothing where the other model is evaluated.
        return _average(code, place, used, local)
    for call in code.expressions_at(place):
        root = call.func if isinstance(call, cst.Call) else None
        if isinstance(root, cst.Attribute) and code.text(root) != used:
            root = root.value
        if root is not None and code.text(root) == used:
            return fix(f"use `{trained}`, which was trained", "unsafe", (code, Change().replace(root, code.expression(trained))))
    return ()


def _made_in(recording: Recording, name: str) -> cst.FunctionDef | None:
    """The function in which alone a name is given a value; None where it has one outside."""
    found = None
    for code in cells(recording):
        for assign in code.all(cst.Assign):
            if any(isinstance(t.target, cst.Name) and t.target.value == name for t in assign.targets):
                if code.function(assign) is None:
                    return None
                found = code.function(assign)
    return found


def _average(code: Code, place: Place, used: str, function: cst.FunctionDef) -> tuple[Fix, ...]:
    """Give the evaluated model what a function that trains a model of its own returns: its weights, or the mean of those of several calls."""
    returns = [n.value for n in walk(function.body) if isinstance(n, cst.Return) and n.value is not None]
    if len(returns) != 1 or not isinstance(returns[0], cst.Call) or last_name(returns[0].func) != "get_weights" or place is None:
        return ()
    for call in (c for c in code.all(cst.Call) if isinstance(c.func, cst.Name) and c.func.value == function.name.value and code.start(c)[0] < place.line):
        assign = code.enclosing(call, cst.Assign)
        statement = code.statement(call)
        if statement is None or assign is None or len(assign.targets) != 1 or not isinstance(assign.targets[0].target, cst.Name):
            continue
        name = assign.targets[0].target.value
        if assign.value is call:
            line, title = f"{used}.set_weights({name})", f"give `{used}` the weights that were trained"
        elif isinstance(assign.value, cst.ListComp) and assign.value.elt is call:
            line, title = f"{used}.set_weights([sum(ws) / len(ws) for ws in zip(*{name})])", f"give `{used}` the mean of the weights that were trained"
        else:
            continue
        return fix(title, "unsafe", (code, Change().insert_after(statement, code.line(line))))
    return ()


def left_out(recording: Recording, run: GradientRun, op: Op | None) -> tuple[Fix, ...]:
    """`trainable=False` for a layer whose result nothing uses, where the sources are all that a model trains."""
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    place = layer.made_at if layer is not None and layer.library else None
    asked = run.span.code if run.span is not None else ""
    if place is None or layer is None or not (run.kind.startswith("keras") or ".trainable_" in asked):
        return ()
    code = code_at(recording, place)
    call = code.call_at(place, (layer.type,)) if code is not None else None
    if code is None or call is None or argument(call, None, "trainable") is not None or any(a.star == "**" for a in call.args):
        return ()
    new = with_keyword(call, "trainable", cst.Name("False"))
    return fix(f"train without this `{layer.type}`, whose result nothing uses (or take it out)", "unsafe", (code, Change().replace(call, new)))
