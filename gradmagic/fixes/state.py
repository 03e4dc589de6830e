"""Variables that are written: `assign` where the name was rebound, the value itself where the tape must see it."""

from __future__ import annotations

import dataclasses

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block, tape_name
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, atom, code_at, fix, last_name, names_in, same, walk
from gradmagic.fixes.flow import targets_of
from gradmagic.fixes.names import new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def written_in_place(recording: Recording, place: Place, run: GradientRun | None, *, before: bool = False) -> tuple[Fix, ...]:
    """`w = w - d` → `w.assign_sub(d)`, `w = f(w)` → `w.assign(f(w))`, also for `-=`, for attributes and in list comprehensions.

    `before` says that the name is a tensor already, so that no variable of that name is known.
    """
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or statement is None or not isinstance(statement, cst.SimpleStatementLine):
        return ()
    change = Change()
    block = code.parent(statement)
    for other in getattr(block, "body", ()):
        # Its neighbours that do the same: a variable each.
        if isinstance(other, cst.SimpleStatementLine) and other is not statement and len(other.body) == 1 and _rebinds(other.body[0]):
            lines = [code.line(text) for text in _assignments(code, other.body[0])] if _were_variables(recording, code, other.body[0]) else []
            if len(lines) == 1 and isinstance(lines[0], cst.SimpleStatementLine):
                change.replace(other, other.with_changes(body=lines[0].body))
    for step in statement.body:
        new = _assignments(code, step) if before or _were_variables(recording, code, step) else []
        if new:
            lines = [code.line(text) for text in new]
            first = lines[0].with_changes(leading_lines=statement.leading_lines)
            last = lines[-1]
            if isinstance(last, cst.SimpleStatementLine) and len(statement.body) == 1:
                lines[-1] = last.with_changes(trailing_whitespace=statement.trailing_whitespace)
                first = lines[0].with_changes(leading_lines=statement.leading_lines)
            change.insert_before(statement, first, *lines[1:]).remove(statement)
            return fix("write into the variable in the place of giving its name to a tensor", "unsafe" if before else "safe", (code, change))
    return _watched_again(recording, run)


def _rebinds(step: cst.CSTNode) -> bool:
    """Whether a statement gives a name a value that is computed from it."""
    if isinstance(step, cst.AugAssign):
        return True
    target = step.targets[0].target if isinstance(step, cst.Assign) and len(step.targets) == 1 else None
    return isinstance(target, (cst.Name, cst.Attribute, cst.Subscript)) and isinstance(step, cst.Assign) and any(same(n, target) for n in walk(step.value) if isinstance(n, type(target)))


def _were_variables(recording: Recording, code: Code, step: cst.CSTNode) -> bool:
    """Whether what a statement gives a new value was a variable under that name: a tensor has no `assign`."""
    targets = [step.target] if isinstance(step, cst.AugAssign) else [t.target for t in step.targets] if isinstance(step, cst.Assign) else []
    parts = [e.value for t in targets for e in (t.elements if isinstance(t, (cst.Tuple, cst.List)) else [cst.Element(t)])]
    names = {n for v in recording.variables.values() for n in (*v.names, v.path)}
    bases = {n.partition("[")[0] for n in names} | names
    held = [p.value if isinstance(p, cst.Subscript) else p for p in parts]
    return bool(parts) and all(code.text(p) in bases or last_name(p) in {b.rpartition(".")[2] for b in bases} for p in held)


def _assignments(code: Code, step: cst.CSTNode) -> list[str]:
    if isinstance(step, cst.AugAssign):
        method = {cst.SubtractAssign: "assign_sub", cst.AddAssign: "assign_add"}.get(type(step.operator))
        name, change = code.text(step.target), code.text(step.value)
        if method:
            return [f"{name}.{method}({change})"]
        sign = code.text(step.operator).strip().rstrip("=")
        return [f"{name}.assign({name} {sign} {atom(change)})"]
    if not isinstance(step, cst.Assign) or len(step.targets) != 1:
        return []
    target: cst.BaseExpression = step.targets[0].target
    value = step.value
    if isinstance(target, (cst.Tuple, cst.List)) and isinstance(value, (cst.Tuple, cst.List)) and len(target.elements) == len(value.elements):
        return [_one(code, t.value, v.value) for t, v in zip(target.elements, value.elements, strict=True)]
    if isinstance(value, cst.ListComp) and len(value.for_in.ifs) == 0 and value.for_in.inner_for_in is None:
        loop = value.for_in
        first: cst.BaseExpression = loop.target.elements[0].value if isinstance(loop.target, cst.Tuple) else loop.target
        if isinstance(loop.iter, cst.Call) and last_name(loop.iter.func) == "zip" and isinstance(loop.target, cst.Tuple):
            for element, arg in zip(loop.target.elements, loop.iter.args, strict=False):
                if same(arg.value, target):
                    first = element.value
        elif not same(loop.iter, target):
            return []
        return [f"for {code.text(loop.target)} in {code.text(loop.iter)}:\n    {_one(code, first, value.elt)}"]
    if isinstance(value, cst.DictComp):
        return _of_entries(code, target, value)
    if isinstance(value, cst.Call) and last_name(value.func) == "map_structure":
        return _of_structure(code, target, value)
    return [_one(code, target, value)]


def _of_entries(code: Code, target: cst.BaseExpression, value: cst.DictComp) -> list[str]:
    """`params = {k: v - d for k, v in params.items()}` → `for k, v in params.items(): v.assign_sub(d)`."""
    loop = value.for_in
    if loop.ifs or loop.inner_for_in is not None:
        return []
    iterated, name = loop.iter, code.text(target)
    over = iterated.func.value if isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Attribute) and last_name(iterated.func) == "items" else None
    pair = loop.target.elements if isinstance(loop.target, cst.Tuple) and len(loop.target.elements) == 2 else None
    entry = pair[1].value if pair is not None and over is not None and same(over, target) else code.expression(f"{name}[{code.text(value.key)}]")
    if not any(same(n, entry) for n in walk(value.value) if isinstance(n, type(entry))):
        return []
    return [f"for {code.text(loop.target)} in {code.text(iterated)}:\n    {_one(code, entry, value.value)}"]


def _of_structure(code: Code, target: cst.BaseExpression, value: cst.Call) -> list[str]:
    """`params = map_structure(lambda p, g: p - d, params, grads)` → `map_structure(lambda p, g: p.assign_sub(d), params, grads)`."""
    function = value.args[0].value
    given = [a.value for a in value.args[1:] if a.keyword is None]
    if not isinstance(function, cst.Lambda) or len(given) != len(function.params.params) or not given:
        return []
    mine = [p.name for p, g in zip(function.params.params, given, strict=True) if same(g, target)]
    new = _one(code, mine[0], function.body) if len(mine) == 1 else ""
    return [code.text(value.with_deep_changes(function, body=cst.parse_expression(new)))] if new else []


def _one(code: Code, target: cst.BaseExpression, value: cst.BaseExpression) -> str:
    name = code.text(target)
    if isinstance(value, cst.BinaryOperation) and same(value.left, target) and isinstance(value.operator, (cst.Subtract, cst.Add)):
        return f"{name}.{'assign_sub' if isinstance(value.operator, cst.Subtract) else 'assign_add'}({code.text(value.right)})"
    return f"{name}.assign({code.text(value)})"


def kept(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`v = v - rate * g` for the name of a loop over variables, or over copies of their values → `v.assign_sub(rate * g)`."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    loop = code.enclosing(statement, cst.For) if code is not None and statement is not None else None
    if code is None or loop is None or not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return ()
    step = statement.body[0]
    target = step.target if isinstance(step, cst.AugAssign) else step.targets[0].target if isinstance(step, cst.Assign) else None
    new = _assignments(code, step)
    if not isinstance(target, cst.Name) or target.value not in targets_of(loop.target) or len(new) != 1:
        return ()
    change = Change().replace(step, cst.Expr(code.expression(new[0])))
    for call in code.all(cst.Call, loop.iter):
        if last_name(call.func) == "get_weights" and isinstance(call.func, cst.Attribute):
            change.replace(call, code.expression(f"{code.text(call.func.value)}.trainable_variables"))
    return fix("write into the variable in the place of giving its name to a tensor", "unsafe", (code, change))


def rebound(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """Sources whose name is given to tensors behind the gradient call: `ws = [w - 0.1 * g for …]`."""
    call = asking(recording, run)
    wanted = argument(call[1], 1, "sources") if call is not None else None
    if call is None or wanted is None or run is None or run.span is None:
        return ()
    code = call[0]
    names = {n.value for n in code.all(cst.Name, wanted.value)}
    for assign in code.all(cst.Assign, code.scope(call[1])):
        target = assign.targets[0].target
        if isinstance(target, cst.Name) and target.value in names and code.start(assign) > code.start(call[1]) and target.value in names_in(assign.value):
            line, column = code.start(assign)
            place = dataclasses.replace(run.span, line=line, column=column, end_line=code.end(assign)[0], end_column=code.end(assign)[1])
            return written_in_place(recording, place, run)
    return ()


def _watched_again(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """Weights that are tensors on purpose (an inner step of meta-learning): the tape has to be told of them."""
    block, call = tape_block(recording, run), asking(recording, run)
    name = tape_name(block[1]) if block is not None else None
    wanted = argument(call[1], 1, "sources") if call is not None else None
    if block is None or call is None or name is None or wanted is None or block[0] is not call[0]:
        return ()
    code = block[0]
    line = code.line(f"{name}.watch({code.text(wanted.value)})")
    return fix(f"let the tape watch `{code.text(wanted.value)}`", "safe", (code, Change().insert_before(block[1].body.body[0], line)))


def value_itself(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`v.assign(value)` whose `v` is read behind it, and `tf.Variable(value)`: the value itself is used."""
    code = code_at(recording, place)
    if code is None or place is None:
        return ()
    copied = code.call_at(place, ("deepcopy", "copy"))
    if copied is not None and len(copied.args) == 1:
        return fix("use the variable itself, not a copy of it", "safe", (code, Change().replace(copied, copied.args[0].value)))
    made = code.call_at(place, ("Variable",))
    if made is not None and made.args:
        return fix("use the tensor itself, without a new variable", "safe", (code, Change().replace(made, made.args[0].value)))
    call = code.call_at(place, ("assign", "assign_add", "assign_sub"))
    if call is None or not isinstance(call.func, cst.Attribute) or not call.args:
        return ()
    return _local_value(code, call, call.func) or _stateless(code, call, call.func)


def _local_value(code: Code, call: cst.Call, function: cst.Attribute) -> tuple[Fix, ...]:
    statement = code.statement(call)
    variable, scope = function.value, code.scope(call)
    if statement is None or not isinstance(variable, (cst.Name, cst.Attribute)):
        return ()
    later = [n for n in code.all(type(variable), scope) if same(n, variable) and code.start(n) > code.end(statement) and _is_read(code, n)]
    if not later:
        return ()
    sign = {"assign": "", "assign_add": " + ", "assign_sub": " - "}[last_name(function)]
    name = new_name(code, f"{last_name(variable)}_value")
    value = code.text(call.args[0].value)
    text = f"{name} = {value}" if not sign else f"{name} = {code.text(variable)}{sign}{atom(value)}"
    change = Change().insert_before(statement, code.line(text))
    change.replace(call, code.expression(f"{code.text(variable)}.assign({name})"))
    asked = [c for c in code.all(cst.Call, scope) if last_name(c.func) in ("gradient", "jacobian", "apply_gradients", "apply", "minimize") and code.start(c) > code.end(statement)]
    for node in later:
        if not any(code.start(c) <= code.start(node) <= code.end(c) for c in asked) and not any(isinstance(p, cst.Attribute) and p.attr.value.startswith("assign") for p in [code.parent(node)]):
            change.replace(node, cst.Name(name))
    return fix("compute with the value, and write it to the variable beside that", "safe", (code, change)) if len(change.replaced) > 1 else ()


def _is_read(code: Code, node: cst.CSTNode) -> bool:
    return not isinstance(code.parent(node), cst.AssignTarget)


def _stateless(code: Code, call: cst.Call, function: cst.Attribute) -> tuple[Fix, ...]:
    """A weight of a Keras model: the model is called with the value in its place."""
    statement, scope = code.statement(call), code.scope(call)
    root: cst.BaseExpression = function.value
    while isinstance(root, (cst.Attribute, cst.Subscript)):
        root = root.value
    if statement is None or not isinstance(root, cst.Name) or last_name(function) != "assign" or root is function.value:
        return ()
    run = next((c for c in code.all(cst.Call, scope) if isinstance(c.func, cst.Name) and c.func.value == root.value and code.start(c) > code.end(statement) and c.args), None)
    if run is None:
        return ()
    model, weight = root.value, code.text(function.value)
    name = new_name(code, "weights")
    value = code.text(call.args[0].value)
    lines = code.line(f"{name} = [{value} if v is {weight} else v for v in {model}.trainable_variables]")
    arguments = ", ".join(code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in run.args)
    new = f"{model}.stateless_call({name}, {model}.non_trainable_variables, {arguments})[0]"
    change = Change().insert_before(statement, lines).remove(statement).replace(run, code.expression(new))
    return fix("call the model with the value in the place of its weight", "safe", (code, change))
