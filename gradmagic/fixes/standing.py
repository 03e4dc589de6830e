"""Updates that change nothing: put back, held by a constraint, cleared too early, or at the end of their schedule."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place, without_argument
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import assigned, targets_of
from gradmagic.recording import Recording
from gradmagic.report import Fix

ZEROS = ("zeros_like", "zeros")
SCHEDULES = ("PolynomialDecay", "CosineDecay", "CosineDecayRestarts", "LinearDecay", "ExponentialDecay")
Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement


def put_back_once(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """What gives variables their old values in every turn of a loop does it once, before the loop; at the end of a turn it goes."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None:
        return ()
    while (around := code.enclosing(statement, cst.For)) is not None and len(around.body.body) == 1 and code.function(around) is code.function(statement):
        statement = around
    loop, function = code.enclosing(statement, cst.For, cst.While), code.function(statement)
    if loop is not None and code.function(loop) is function:
        behind = [s for s in loop.body.body if code.start(s) > code.end(statement)]
        trains = [s for s in loop.body.body if code.end(s) < code.start(statement) and any(isinstance(n, (cst.With, cst.For)) for n in (s, *code.all(cst.With, s)))]
        if (trains and code.parent(statement) is loop.body) or not behind:
            return fix("keep what was trained", "unsafe", (code, Change().remove(statement)))
        if names_in(statement) & (assigned(loop) - assigned(statement)):
            return ()
        return fix("put the old values back once, before the loop", "unsafe", (code, Change().remove(statement).insert_before(loop, _bare(statement))))
    return _before_the_call(recording, code, statement, function) if function is not None else ()


def _bare(statement: Statement) -> Statement:
    return statement.with_changes(leading_lines=[])


def _before_the_call(recording: Recording, code: Code, statement: Statement, function: cst.FunctionDef) -> tuple[Fix, ...]:
    """The same for a statement of a function that a loop calls: it goes in front of that loop."""
    parameters = [p.name.value for p in function.params.params]
    for other in cells(recording):
        for call in other.all(cst.Call):
            loop = other.enclosing(call, cst.For, cst.While) if isinstance(call.func, cst.Name) and call.func.value == function.name.value else None
            if loop is None or any(a.keyword is not None or a.star for a in call.args):
                continue
            given = dict(zip(parameters, (other.text(a.value) for a in call.args), strict=False))
            moved = names_in(statement)
            local = moved & (set(parameters) | assigned(function.body))
            if any(n not in given or given[n] != n for n in local) or moved & assigned(loop):
                continue
            here, there = Change().remove(statement), Change()
            (here if other is code else there).insert_before(loop, _bare(statement))
            changes = [(code, here)] if other is code else [(code, here), (other, there)]
            return fix("put the old values back once, before the loop", "unsafe", *changes)
    return fix("keep what was trained", "unsafe", (code, Change().remove(statement)))


def without_constraint(recording: Recording, names: tuple[str, ...]) -> tuple[Fix, ...]:
    """A layer or a weight without the constraint that gives it the old value back."""
    last = {n.rpartition("/")[2].rpartition(".")[2] for n in names}
    found = []
    for code in cells(recording):
        for call in code.all(cst.Call):
            arg = next((a for n in sorted(last) if (a := argument(call, None, f"{n}_constraint")) is not None), None)
            if arg is None and last_name(call.func) in ("add_weight", "Variable"):
                arg = argument(call, None, "constraint")
            if arg is not None and code.text(arg.value) != "None":
                found.append((code, call, arg))
    if len(found) != 1:
        return ()
    code, call, arg = found[0]
    return fix("leave the constraint out, which lets nothing change", "unsafe", (code, Change().replace(call, without_argument(call, arg))))


def longer_schedule(recording: Recording, turns: int, count: int) -> tuple[Fix, ...]:
    """A schedule that has come to 0 runs over as many steps as there are updates; one that begins at 0 begins above it."""
    found = [(code, call) for code in cells(recording) for call in code.all(cst.Call) if last_name(call.func) in SCHEDULES]
    if len(found) != 1:
        return ()
    code, call = found[0]
    if turns >= count:
        first = argument(call, 0, "initial_learning_rate")
        zero = first is not None and code.text(first.value) in ("0", "0.0", "0.")
        return fix("begin the schedule at a rate of ordinary size", "unsafe", (code, Change().replace(first.value, cst.Float("0.01")))) if first is not None and zero else ()
    if last_name(call.func) == "ExponentialDecay":
        return _rate_above_zero(code, call)
    steps, moved = argument(call, 1, "decay_steps"), count - turns
    if steps is None:
        return ()
    text = code.text(steps.value)
    new = str(count) if isinstance(steps.value, cst.Integer) or count % moved else f"{atom(text)} * {count // moved}"
    return fix(f"let the schedule last for all {count} updates", "unsafe", (code, Change().replace(steps.value, code.expression(new))))


def _rate_above_zero(code: Code, call: cst.Call) -> tuple[Fix, ...]:
    """An exponential decay comes to 0 by a rate of 0, whatever the number of steps: written in the call, or as the default of a parameter."""
    rate = argument(call, 2, "decay_rate")
    value, function = rate.value if rate is not None else None, code.function(call)
    if isinstance(value, cst.Name):
        name = value.value
        parameters = [p for p in function.params.params if p.name.value == name] if function is not None else []
        made = [a.value for a in code.all(cst.Assign) if isinstance(a.targets[0].target, cst.Name) and a.targets[0].target.value == name]
        value = parameters[0].default if parameters else made[0] if len(made) == 1 else None
    if not isinstance(value, (cst.Float, cst.Integer)) or float(value.value) != 0.0:
        return ()
    return fix("let the rate decay by a factor above 0", "unsafe", (code, Change().replace(value, cst.Float("0.96"))))


def applied_before_cleared(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """What sets added-up gradients to 0 right before the optimizer gets them moves behind it."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    block = code.parent(statement) if code is not None and statement is not None else None
    siblings = list(getattr(block, "body", ()))
    if code is None or statement is None or statement not in siblings:
        return ()
    for step in reversed(siblings[: siblings.index(statement)]):
        if isinstance(step, (cst.SimpleStatementLine, cst.BaseCompoundStatement)) and _clears(recording, code, step):
            return fix("apply the gradients before they are set to 0", "unsafe", (code, Change().remove(step).insert_after(statement, _bare(step))))
    return ()


def _clears(recording: Recording, code: Code, node: cst.CSTNode, depth: int = 0) -> bool:
    """Whether code assigns zeros to something, by itself or by a function of the notebook's that it calls."""
    for call in code.all(cst.Call, node):
        zeros = [c for a in call.args for c in code.all(cst.Call, a) if last_name(c.func) in ZEROS]
        scaled = [n for a in call.args for n in code.all(cst.BinaryOperation, a) if code.text(n.right) in ("0", "0.0")]
        if last_name(call.func) == "assign" and (zeros or scaled or [a for a in call.args if code.text(a.value) in ("0", "0.0")]):
            return True
        for other in cells(recording) if depth < 2 else ():
            for function in other.all(cst.FunctionDef):
                if function.name.value == last_name(call.func) and _clears(recording, other, function.body, depth + 1):
                    return True
    return False


def other_model(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`t.assign(t)` in a loop over the weights of a model: it gets the weights of the model that it was made from."""
    code = code_at(recording, place)
    call = code.call_at(place, ("assign", "set_weights")) if code is not None and place is not None else None
    statement = code.statement(call) if code is not None and call is not None else None
    if code is None or call is None or statement is None or not isinstance(call.func, cst.Attribute) or len(call.args) != 1:
        return ()
    loop = code.enclosing(call, cst.For)
    if loop is not None and isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "zip" and isinstance(call.func.value, cst.Name):
        others = targets_of(loop.target) - {call.func.value.value}
        listed = {code.text(a.value) for a in loop.iter.args}
        # Of one list that is zipped with itself, the other variable is the same one.
        if len(others) == 1 and len(listed) == len(loop.iter.args) and call.func.value.value in targets_of(loop.target):
            return fix("assign the other variable", "unsafe", (code, Change().replace(call.args[0].value, cst.Name(others.pop()))))
        return _other_list(recording, code, loop.iter) if len(listed) == 1 else ()
    target = call.func.value if last_name(call.func) == "set_weights" else loop.iter.value if loop is not None and isinstance(loop.iter, cst.Attribute) else None
    model = dotted(target) if target is not None else ""
    origin = _made_from(recording, model) if model else None
    if origin is None:
        return ()
    line = code.line(f"{model}.set_weights({origin}.get_weights())")
    whole = loop if loop is not None and last_name(call.func) == "assign" else statement
    return fix(f"give `{model}` the weights of `{origin}`", "unsafe", (code, Change().insert_before(whole, line).remove(whole)))


def _other_list(recording: Recording, code: Code, zipped: cst.Call) -> tuple[Fix, ...]:
    """A list of variables that is zipped with itself: the second one is that of the model which the first was made from."""
    first, second = (a.value for a in zipped.args) if len(zipped.args) == 2 else (None, None)
    origin = _made_from(recording, dotted(first.value)) if isinstance(first, cst.Attribute) else None
    if origin is None or not isinstance(second, cst.Attribute):
        return ()
    return fix(f"blend it with the weights of `{origin}`", "unsafe", (code, Change().replace(second.value, code.expression(origin))))


def _made_from(recording: Recording, model: str) -> str | None:
    for code in cells(recording):
        for call in code.all(cst.Call):
            if last_name(call.func) == "set_weights" and isinstance(call.func, cst.Attribute) and dotted(call.func.value) == model and call.args:
                inner = call.args[0].value
                if isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute) and last_name(inner.func) == "get_weights" and dotted(inner.func.value) != model:
                    return dotted(inner.func.value) or None
        for assign in code.all(cst.Assign):
            if dotted(assign.targets[0].target) == model and isinstance(assign.value, cst.Call) and last_name(assign.value.func) == "clone_model" and assign.value.args:
                return dotted(assign.value.args[0].value) or None
    return None
