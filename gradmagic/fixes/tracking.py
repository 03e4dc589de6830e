"""Weights that Keras does not know of, and models that are trained beside the one that is used."""

from __future__ import annotations

from collections.abc import Set

import libcst as cst

from gradmagic.fixes.calls import Place, with_keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, walk
from gradmagic.fixes.holders import is_plain
from gradmagic.fixes.names import calls_of, names_of
from gradmagic.recording import GradientRun, Op, Recording, Variable
from gradmagic.report import Fix


def added_weight(recording: Recording, place: Place, variable: Variable) -> tuple[Fix, ...]:
    """`self.w = tf.Variable(start)` → `self.w = self.add_weight(…)` with the same shape, dtype and start; `keras.Variable` in a list or dict.

    Its neighbours in the same class that are not tracked either go along.
    """
    code, keras = code_at(recording, place), names_of(recording).keras
    call = code.call_at(place, ("Variable",)) if code is not None and place is not None else None
    statement = code.statement_at(place) if code is not None and place is not None else None
    owner = code.enclosing(call or statement, cst.ClassDef) if code is not None and statement is not None else None
    if code is None or keras is None or owner is None or is_plain(owner):
        return ()
    change = Change()
    for other in calls_of(code, {"Variable"}, owner):
        one = variable if other is call else _made_by(recording, code, other)
        # Where the line only reads the variable, those that its class makes by hand are meant.
        new = _tracked(code, other, one, keras) if one is not None or call is None else None
        if new is not None:
            change.replace(other, code.expression(new))
    if not change.replaced or (call is not None and call not in change.replaced):
        return ()
    many = len(change.replaced) > 1
    weights = all("add_weight(" in code.text(new) for new in change.replaced.values() if isinstance(new, cst.CSTNode))
    return fix(f"make {'them' if many else 'it'} with `{'add_weight' if weights else 'keras.Variable'}`, so that Keras trains {'them' if many else 'it'}", "unsafe", (code, change))


def _made_by(recording: Recording, code: Code, call: cst.Call) -> Variable | None:
    """The variable that is not tracked and that a call made."""
    for key in recording.untracked:
        variable = recording.variables.get(key)
        made = variable.created_at if variable is not None else None
        if variable is not None and made is not None and made.cell == code.cell and made.line == code.start(call)[0]:
            return variable
    return None


def _tracked(code: Code, call: cst.Call, variable: Variable | None, keras: str) -> str | None:
    start, function, statement = argument(call, 0, "initial_value"), code.function(call), code.statement(call)
    named, shape, fixed = argument(call, None, "name"), variable.shape if variable is not None else None, argument(call, None, "trainable")
    known = ("initial_value", "name", "dtype", "trainable")
    if start is None or function is None or any(a.star or (a.keyword is not None and a.keyword.value not in known) for a in call.args) or (fixed is not None and code.text(fixed.value) != "True"):
        return None
    owner = function.params.params[0].name.value if function.params.params else ""
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    target = assign.targets[0].target if isinstance(assign, cst.Assign) and assign.value is call else None
    given = argument(call, None, "dtype")
    dtype = f', dtype="{variable.dtype}"' if variable is not None and variable.dtype != "float32" else f", dtype={code.text(given.value)}" if variable is None and given is not None else ""
    written = _shape_of(code, start.value, shape)
    if isinstance(target, cst.Attribute) and isinstance(target.value, cst.Name) and target.value.value == owner and written is not None:
        name = code.text(named.value) if named is not None else f'"{target.attr.value}"'
        maker = last_name(start.value.func) if isinstance(start.value, cst.Call) else ""
        first = f'"{maker}"' if maker in ("zeros", "ones") else f"{keras}.initializers.Constant({code.text(start.value)})"
        return f"{owner}.add_weight(shape={written}, initializer={first}{dtype}, name={name})"
    return f"{keras}.Variable({code.text(start.value)}{dtype}{f', name={code.text(named.value)}' if named is not None else ''})"


def _shape_of(code: Code, start: cst.BaseExpression, known: tuple[int | None, ...] | None) -> str | None:
    """A variable's shape as its first value is written with; numbers only where they do not depend on what the class is made with."""
    if known == ():
        return "()"
    if isinstance(start, cst.Call):
        shape = argument(start, 0 if last_name(start.func) in ("zeros", "ones", "normal", "uniform", "truncated_normal", "stateless_normal", "stateless_uniform") else None, "shape")
        return code.text(shape.value) if shape is not None else None
    return repr(known) if isinstance(start, (cst.List, cst.Tuple)) and known is not None and None not in known else None


def layer_itself(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`Lambda(lambda t: dense(t))`, in which Keras does not see the layer, gives way to the layer."""
    code = code_at(recording, place)
    for call in calls_of(code, {"Lambda"}) if code is not None and place is not None else ():
        inner = call.args[0].value if call.args else None
        if code is None or place is None or not isinstance(inner, cst.Lambda) or not code.start(call)[0] <= place.line <= code.end(call)[0]:
            continue
        body, parameters = inner.body, inner.params.params
        if isinstance(body, cst.Call) and len(body.args) == len(parameters) == 1 and code.text(body.args[0].value) == parameters[0].name.value and isinstance(body.func, (cst.Name, cst.Attribute)):
            return fix(f"use `{code.text(body.func)}` itself in the place of a function around it", "unsafe", (code, Change().replace(call, body.func)))
    return ()


def other_model(recording: Recording, place: Place, used: str, trained: str) -> tuple[Fix, ...]:
    """The trained model in the place of the one that was left as it was, in one call."""
    code = code_at(recording, place)
    if code is None or place is None or not used.replace(".", "").isidentifier() or not trained.replace(".", "").isidentifier():
        return ()
    handed = _argument_of(recording, code, trained)
    if handed is not None and handed != used:
        trained = handed
    cloned = _own_clone(recording, trained)
    if cloned:
        return cloned
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


def _argument_of(recording: Recording, code: Code, name: str) -> str | None:
    """What the one call of a function gives its parameter of this name, where the name is nothing outside."""
    found = set()
    for other in cells(recording):
        for function in other.all(cst.FunctionDef):
            parameters = [p.name.value for p in function.params.params]
            if name not in parameters or any(isinstance(t.target, cst.Name) and t.target.value == name for a in other.all(cst.Assign, function) for t in a.targets):
                continue
            for call in code.all(cst.Call):
                arg = argument(call, parameters.index(name), name) if isinstance(call.func, cst.Name) and call.func.value == function.name.value else None
                found |= {code.text(arg.value)} if arg is not None else set()
    return found.pop() if len(found) == 1 else None


def _own_clone(recording: Recording, trained: str) -> tuple[Fix, ...]:
    """`net = clone_model(net)` in a function that trains `net` and returns nothing: without it, what was handed over is trained."""
    for code in cells(recording):
        for call in calls_of(code, {"clone_model"}):
            assign, function = code.enclosing(call, cst.Assign), code.function(call)
            statement = code.statement(call)
            if assign is None or function is None or statement is None or len(call.args) != 1 or not isinstance(assign.targets[0].target, cst.Name):
                continue
            name = assign.targets[0].target.value
            returns = [r for r in code.all(cst.Return, function) if r.value is not None and name in code.text(r.value)]
            if name == trained == code.text(call.args[0].value) and name in {p.name.value for p in function.params.params} and not returns:
                return fix(f"train `{name}` itself, and no copy that is thrown away", "unsafe", (code, Change().remove(statement)))
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
    if len(returns) != 1 or not isinstance(returns[0], cst.Call) or last_name(returns[0].func) != "get_weights" or any(last_name(c.func) == "set_weights" for c in code.all(cst.Call)):
        return ()
    for call in (c for c in code.all(cst.Call) if isinstance(c.func, cst.Name) and c.func.value == function.name.value and (place is None or code.start(c)[0] < place.line)):
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


def averaged(recording: Recording) -> tuple[Fix, ...]:
    """Copies of a model that a function trains and whose weights it returns: the model gets them, or their mean."""
    checked = cells(recording)[:1]
    for code in cells(recording):
        for call in calls_of(code, {"clone_model"}):
            function = code.function(call)
            origin = code.text(call.args[0].value) if len(call.args) == 1 else ""
            if function is not None and checked and origin.isidentifier() and origin not in {p.name.value for p in function.params.params}:
                found = _average(checked[0], None, origin, function)
                if found:
                    return found
    return ()


def left_out(recording: Recording, run: GradientRun, op: Op | None, reading: Set[int | None]) -> tuple[Fix, ...]:
    """`trainable=False` for a layer whose result nothing uses, where the sources are all that a model trains, and the layer is among those that read them: others have nothing to train."""
    layer = recording.layers.get(op.layer) if op is not None and op.layer is not None else None
    place = layer.made_at if layer is not None and layer.library else None
    asked = run.span.code if run.span is not None else ""
    if place is None or layer is None or layer.id not in reading or not (run.kind.startswith("keras") or ".trainable_" in asked):
        return ()
    code = code_at(recording, place)
    call = code.call_at(place, (layer.type,)) if code is not None else None
    if code is None or call is None or argument(call, None, "trainable") is not None or any(a.star == "**" for a in call.args):
        return ()
    if any(other.id not in reading and other.made_at == place for other in recording.layers.values()):
        # A loop made other layers in the same place, and their results are used.
        return ()
    new = with_keyword(call, "trainable", cst.Name("False"))
    return fix(f"train without this `{layer.type}`, whose result nothing uses (or take it out)", "unsafe", (code, Change().replace(call, new)))
