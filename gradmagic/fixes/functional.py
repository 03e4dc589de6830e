"""State in the place of values: an inner step that assigns, a metric as the loss, an array that is written into, a TensorArray that is not kept."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, atom, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assigned, assignments_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

TRAINABLE = ("trainable_variables", "trainable_weights", "weights", "variables")


def inner_step(recording: Recording, run: GradientRun | None, asked: str | None = None) -> tuple[Fix, ...]:
    """`for v, g in zip(model.trainable_variables, grads): v.assign_sub(rate * g)` under an outer tape: new weights as a list, and the model called with them.

    Where the loop is over a copy of the model whose variables are `asked` for, that model takes the copy's place.
    """
    found = tape_block(recording, run)
    if found is None:
        return ()
    code, block, _ = found
    for loop in code.all(cst.For, block):
        step = loop.body.body[0].body[0] if len(loop.body.body) == 1 and isinstance(loop.body.body[0], cst.SimpleStatementLine) else None
        call = step.value if isinstance(step, cst.Expr) and isinstance(step.value, cst.Call) else None
        model = _model_of(code, loop)
        if call is None or model is None or not isinstance(call.func, cst.Attribute) or last_name(call.func) not in ("assign", "assign_sub", "assign_add") or len(call.args) != 1:
            continue
        variable, value = code.text(call.func.value), code.text(call.args[0].value)
        new = {"assign": value, "assign_sub": f"{variable} - {atom(value)}", "assign_add": f"{variable} + {atom(value)}"}[last_name(call.func)]
        later = [c for c in code.all(cst.Call, block) if isinstance(c.func, cst.Name) and c.func.value == model and code.start(c) > code.end(loop) and c.args]
        if not later:
            continue
        change, name, own = Change(), new_name(code, "adapted"), model
        if asked is not None and asked.isidentifier() and asked != model:
            made = [a for a in assignments_of(code, model, block) if asked in names_in(a.value)]
            statement = code.statement(made[0]) if len(made) == 1 else None
            if statement is None:
                return ()
            own = asked
            change.remove(statement)
            for node in code.all(cst.Name, block):
                if (
                    node.value == model
                    and node not in {c.func for c in later}
                    and not code.start(statement) <= code.start(node) <= code.end(statement)
                    and not code.start(loop) <= code.start(node) <= code.end(loop)
                ):
                    change.replace(node, cst.Name(own))
        over = code.text(loop.iter).replace(f"{model}.", f"{own}.")
        change.insert_before(loop, code.line(f"{name} = [{new} for {code.text(loop.target)} in {over}]")).remove(loop)
        for after in later:
            rest = ", ".join(code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in after.args)
            change.replace(after, code.expression(f"{own}.stateless_call({name}, {own}.non_trainable_variables, {rest})[0]"))
        return fix(f"compute new weights without assigning them, and call `{own}` with these", "unsafe", (code, change))
    return ()


def _model_of(code: Code, loop: cst.For) -> str | None:
    """The model over whose variables a loop goes, alone or beside their gradients."""
    args = [a.value for a in loop.iter.args] if isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "zip" else [loop.iter]
    first = next((a for a in args if isinstance(a, cst.Attribute) and last_name(a) in TRAINABLE and isinstance(a.value, cst.Name)), None)
    return code.text(first.value) if first is not None else None


def value_of_metric(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`metric.update_state(value)` and `loss = metric.result()`, or `loss = metric(value)`: the value is the loss, and the metric keeps it beside that."""
    code = code_at(recording, place)
    if code is not None and (called := _called_mean(recording, code, place)):
        return called
    call = code.call_at(place, ("update_state",)) if code is not None and place is not None else None
    statement = code.statement(call) if code is not None and call is not None else None
    if code is None or call is None or statement is None or not isinstance(call.func, cst.Attribute) or len(call.args) != 1:
        return ()
    metric = code.text(call.func.value)
    results = [
        c
        for c in code.all(cst.Call, code.scope(call))
        if last_name(c.func) == "result" and isinstance(c.func, cst.Attribute) and code.text(c.func.value) == metric and code.start(c) > code.end(statement)
    ]
    value = call.args[0].value
    if not results:
        return ()
    change = Change()
    name = value.value if isinstance(value, cst.Name) else new_name(code, "value")
    if not isinstance(value, cst.Name):
        change.insert_before(statement, code.line(f"{name} = {code.text(value)}")).replace(value, cst.Name(name))
    change.replace(results[0], cst.Name(name))
    return fix("differentiate the value itself; the metric keeps a mean of numbers", "unsafe", (code, change))


def _called_mean(recording: Recording, code: Code, place: Place) -> tuple[Fix, ...]:
    """`loss = metric(value)` of a running mean: the mean of the value, which the metric is given behind that."""
    mean = names_of(recording).function("reduce_mean")
    for call in code.expressions_at(place) if place is not None and mean is not None else ():
        assign, statement = code.parent(call), code.statement(call)
        if not isinstance(call, cst.Call) or len(call.args) != 1 or not isinstance(assign, cst.Assign) or not isinstance(statement, cst.SimpleStatementLine):
            continue
        made = [a.value for c in cells(recording) for a in c.all(cst.Assign) if dotted(a.targets[0].target) == dotted(call.func)]
        target = assign.targets[0].target
        if made and isinstance(target, cst.Name) and all(isinstance(m, cst.Call) and names_of(recording).module(m.func).endswith("metrics.Mean") for m in made):
            change = Change().replace(call, code.expression(f"{mean}({code.text(call.args[0].value)})"))
            change.insert_after(statement, code.line(f"{code.text(call.func)}.update_state({target.value})"))
            return fix("differentiate the value itself; the metric keeps a mean of numbers", "unsafe", (code, change))
    return ()


def kept_array(recording: Recording) -> tuple[Fix, ...]:
    """`array.write(i, value)` of a `TensorArray`, whose result is the new array: it is given the name."""
    changes = []
    for code in cells(recording):
        arrays = {dotted(a.targets[0].target) for a in code.all(cst.Assign) if isinstance(a.value, cst.Call) and last_name(a.value.func) == "TensorArray"}
        change = Change()
        for step in code.all(cst.Expr):
            call = step.value
            if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and last_name(call.func) in ("write", "scatter", "unstack") and dotted(call.func.value) in arrays - {""}:
                change.replace(step, cst.Assign([cst.AssignTarget(call.func.value)], call))  # type: ignore[arg-type]
        if change.replaced:
            changes.append((code, change))
    return fix("keep what `write` returns, which is the array with the new value", "unsafe", *changes)


def kept_result(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`tf.tensor_scatter_nd_update(x, …)` as a statement of its own, where `x` is read behind it: functions of TensorFlow return a new tensor, which is given the name."""
    code, names = code_at(recording, place), names_of(recording)
    statement = code.statement_at(place) if code is not None and place is not None else None
    step = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if code is not None and statement is not None and isinstance(step, cst.Expr) and isinstance(step.value, cst.BinaryOperation):
        return _kept_sum(code, statement, step, step.value)
    call = step.value if isinstance(step, cst.Expr) and isinstance(step.value, cst.Call) else None
    first = call.args[0].value if call is not None and call.args else None
    if code is None or statement is None or step is None or call is None or not isinstance(first, cst.Name):
        return ()
    module = names.module(call.func)
    later = [n for n in reads_of(code, first.value, code.scope(statement)) if code.start(n) > code.end(statement)]
    if not later or not (module.startswith("tensorflow.") or ".ops." in module):
        return ()
    return fix(f"give `{first.value}` the result, which is a new tensor", "unsafe", (code, Change().replace(step, cst.Assign([cst.AssignTarget(cst.Name(first.value))], call))))


def _kept_sum(code: Code, statement: cst.CSTNode, step: cst.Expr, value: cst.BinaryOperation) -> tuple[Fix, ...]:
    """`h + p` as a statement of its own → `h = h + p`, where `h` is read behind it."""
    if not isinstance(value.left, cst.Name) or not any(code.start(n) > code.end(statement) for n in reads_of(code, value.left.value, code.scope(statement))):
        return ()
    return fix(f"give `{value.left.value}` the result", "unsafe", (code, Change().replace(step, cst.Assign([cst.AssignTarget(cst.Name(value.left.value))], value))))


def through_names(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`kernel.assign(value)` in a function, where another function reads `kernel`: the name stands for the value itself, so that a gradient goes through it."""
    code = code_at(recording, place)
    call = code.call_at(place, ("assign",)) if code is not None and place is not None else None
    function = code.function(call) if code is not None and call is not None else None
    if code is None or function is None or code.enclosing(function, cst.ClassDef, cst.FunctionDef) is not None:
        return ()
    local = {p.name.value for p in function.params.params} | assigned(function.body)
    change, names = Change(), list[str]()
    for step in code.all(cst.Expr, function):
        inner = step.value
        owner = inner.func.value if isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute) and last_name(inner.func) == "assign" and len(inner.args) == 1 else None
        if not isinstance(owner, cst.Name) or owner.value in local or not isinstance(inner, cst.Call) or code.function(step) is not function:
            continue
        names.append(owner.value)
        change.replace(step, cst.Assign([cst.AssignTarget(owner)], inner.args[0].value))
    read = {n.value for c in cells(recording) for f in c.all(cst.FunctionDef) if f is not function for n in c.all(cst.Name, f.body)}
    if not names or last_name(call.func) != "assign" or not set(names) <= read:  # type: ignore[union-attr]
        return ()
    change.insert_before(function.body.body[0], code.line(f"global {', '.join(dict.fromkeys(names))}"))
    return fix(f"let {' and '.join(f'`{n}`' for n in dict.fromkeys(names))} be the computed values themselves", "unsafe", (code, change))
