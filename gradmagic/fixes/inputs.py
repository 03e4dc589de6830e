"""What a model is called with: slices whose gradients are asked for, symbolic outputs in the place of a call."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block, tape_name
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name, names_in, same
from gradmagic.fixes.flow import assignments_of, pairs_of, reads_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

ASKS = ("gradient", "jacobian", "batch_jacobian", "gradients")


def put_together(recording: Recording, run: GradientRun) -> tuple[Fix, ...]:
    """`x, t = X[:, 0:1], X[:, 1:2]` and `net(X)`: the net is called with the slices put together, so that it depends on them."""
    found, tf = asking(recording, run), names_of(recording).tf
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    if found is None or wanted is None or tf is None:
        return ()
    code, scope = found[0], found[0].scope(found[1])
    names = names_in(wanted.value)
    slices = _slices(code, scope)
    whole = {s[0] for name, s in slices.items() if name in names}
    if len(whole) != 1 or not names <= {*slices, *names_in(code.expression("tf"))}:
        return ()
    parts = sorted(((first, last, name) for name, (of, first, last) in slices.items() if of == next(iter(whole))), key=lambda p: p[0])
    base = whole.pop()
    width = next((t.shape[-1] for t in recording.tensors.values() if t.name == base and t.shape), None)
    pieces, at = [], 0
    for first, last, name in parts:
        if first < at:
            return ()
        if first > at:
            pieces.append(f"{base}[:, {at}:{first}]")
        pieces.append(name)
        at = last
    if width is None or width > at:
        pieces += [] if width is None else [f"{base}[:, {at}:]"]
    behind = max(code.end(a) for a in code.all(cst.Assign, scope) if any(base in names_in(a.value) and n in slices for t in a.targets for n in names_in(t.target)))
    change = Change()
    for node in reads_of(code, base, scope):
        if code.start(node) > behind and isinstance(code.parent(node), cst.Arg) and isinstance(code.parent(code.parent(node) or node), cst.Call):
            change.replace(node, code.expression(f"{tf}.concat([{', '.join(pieces)}], axis=1)"))
    watch = _watch(code, recording, run, names, scope)
    if change.replaced and watch is not None:
        change.insert_before(*watch)
    return fix(f"call the network with {' and '.join(f'`{n}`' for *_, n in parts)} put together", "safe", (code, change)) if change.replaced else ()


def _slices(code: Code, scope: cst.CSTNode) -> dict[str, tuple[str, int, int]]:
    """The names that are given columns of another name: what of, the first column and the one behind the last."""
    found: dict[str, tuple[str, int, int]] = {}
    for assign in code.all(cst.Assign, scope):
        target, value = assign.targets[0].target, assign.value
        for name, part in pairs_of(assign):
            columns = _columns(code, part)
            if isinstance(name, cst.Name) and columns is not None:
                found[name.value] = columns
        halves = value if isinstance(value, cst.Call) and last_name(value.func) in ("split", "unstack") and isinstance(target, (cst.Tuple, cst.List)) else None
        if halves is not None and halves.args and isinstance(halves.args[0].value, cst.Name) and last_name(halves.func) == "split":
            for i, element in enumerate(target.elements if isinstance(target, (cst.Tuple, cst.List)) else ()):
                if isinstance(element.value, cst.Name):
                    found[element.value.value] = (halves.args[0].value.value, i, i + 1)
    return found


def _columns(code: Code, part: cst.BaseExpression) -> tuple[str, int, int] | None:
    if not isinstance(part, cst.Subscript) or not isinstance(part.value, cst.Name) or len(part.slice) != 2:
        return None
    last = part.slice[1].slice
    if not isinstance(last, cst.Slice) or code.text(part.slice[0]).strip(" ,") not in (":", "..."):
        return None
    lower = code.text(last.lower) if last.lower is not None else "0"
    upper = code.text(last.upper) if last.upper is not None else ""
    return (part.value.value, int(lower), int(upper)) if lower.isdigit() and upper.isdigit() else None


def _watch(code: Code, recording: Recording, run: GradientRun, names: set[str], scope: cst.CSTNode) -> tuple[cst.CSTNode, cst.CSTNode] | None:
    """`tape.watch` for slices that the tape does not know, where one has to say so."""
    found = tape_block(recording, run)
    name = tape_name(found[1]) if found is not None else None
    if found is None or name is None or found[0] is not code:
        return None
    watched = {n for c in code.all(cst.Call, found[1]) if last_name(c.func) == "watch" for n in names_in(c)}
    wanted = sorted(names - watched)
    first = found[1].body.body[0]
    inside = [s for s in found[1].body.body if isinstance(s, cst.SimpleStatementLine) and isinstance(s.body[0], cst.Assign) and names_in(s.body[0].targets[0].target) & names]
    if not wanted or inside:
        return None
    return first, code.line(f"{name}.watch([{', '.join(wanted)}])" if len(wanted) > 1 else f"{name}.watch({wanted[0]})")


def called_with_data(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`model.output` under a tape and `layer.output` as the source: a model that gives both is called with the data that the function is handed."""
    found, block, names = asking(recording, run), tape_block(recording, run), names_of(recording)
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    keras = names.keras
    if found is None or block is None or wanted is None or keras is None or found[0] is not block[0]:
        return ()
    code, scope = found[0], found[0].scope(found[1])
    inner = _symbolic(code, wanted.value, scope)
    outputs = [a for a in code.all(cst.Attribute, scope) if a.attr.value in ("output", "outputs") and isinstance(a.value, cst.Name) and not _inside(code, a, inner)]
    if inner is None or not outputs or len({code.text(a.value) for a in outputs}) != 1:
        return ()
    model = code.text(outputs[0].value)
    data = _data(recording, code, scope, model, inner)
    if data is None:
        return ()
    result, change = new_name(code, "prediction"), Change()
    statement = code.statement(inner)
    name = wanted.value if isinstance(wanted.value, cst.Name) else cst.Name(new_name(code, "features"))
    first = block[1].body.body[0]
    to_input = last_name(inner) in ("input", "inputs")
    if to_input:
        lines = [code.line(f"{name.value} = {names.tf}.convert_to_tensor({data})")]
        change.insert_before(first, code.line(f"{tape_name(block[1])}.watch({name.value})"), code.line(f"{result} = {model}({name.value})"))
    else:
        both = new_name(code, "both")
        lines = [code.line(f"{both} = {keras}.Model({model}.inputs, [{code.text(inner)}, {model}.outputs[0]])")]
        change.insert_before(first, code.line(f"{name.value}, {result} = {both}({data})"))
    own = isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Assign) and statement.body[0].value is inner
    if own and statement is not None and code.start(statement) < code.start(block[1]):
        change.insert_before(statement, *lines).remove(statement)
    elif isinstance(wanted.value, cst.Name):
        return ()
    else:
        change.insert_before(block[1], *lines).replace(wanted.value, name)
    for node in outputs:
        parent = code.parent(node)
        first_of = isinstance(parent, cst.Subscript) and node.attr.value == "outputs"
        change.replace(parent if first_of and parent is not None else node, cst.Name(result))
    return fix("call the model with data, under the tape", "unsafe", (code, change))


def watched_instead(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`tape.gradient(loss, model.input)` of a tape that was told to watch the data → `tape.gradient(loss, data)`."""
    found, block = asking(recording, run), tape_block(recording, run)
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    if found is None or block is None or wanted is None or run is None or len(run.sources) != 1 or found[0] is not block[0]:
        return ()
    code = found[0]
    watches = [c.args[0].value for c in code.all(cst.Call, block[1].body) if last_name(c.func) == "watch" and len(c.args) == 1]
    if len(watches) != 1 or not isinstance(watches[0], cst.Name) or same(watches[0], wanted.value):
        return ()
    return fix(f"ask for the gradient of `{watches[0].value}`, which the tape watches", "unsafe", (code, Change().replace(wanted.value, watches[0])))


def _inside(code: Code, node: cst.CSTNode, outer: cst.CSTNode | None) -> bool:
    return outer is not None and (node is outer or outer in list(code.around(node)))


def _symbolic(code: Code, value: cst.BaseExpression, scope: cst.CSTNode) -> cst.BaseExpression | None:
    """`model.get_layer(name).output`, `model.layers[-3].output` or `model.input`, also through a name."""
    if isinstance(value, cst.Name):
        made = assignments_of(code, value.value, scope)
        value = made[-1].value if len(made) == 1 else value
    return value if isinstance(value, cst.Attribute) and value.attr.value in ("output", "input") else None


def _data(recording: Recording, code: Code, scope: cst.CSTNode, model: str, inner: cst.BaseExpression) -> str | None:
    """An argument of the function that nothing in it reads, or that another call of the model there is given."""
    for call in code.all(cst.Call, scope):
        predicts = isinstance(call.func, cst.Attribute) and last_name(call.func) in ("predict", "predict_on_batch") and code.text(call.func.value) == model
        if (predicts or (isinstance(call.func, cst.Name) and call.func.value == model)) and call.args and isinstance(call.args[0].value, cst.Name):
            return call.args[0].value.value
    if isinstance(scope, cst.FunctionDef):
        unread = [p.name.value for p in scope.params.params if p.name.value not in ("self", model) and not reads_of(code, p.name.value, scope.body)]
        arrays = {t for c in cells(recording) for t in _arrays(c, scope.name.value, [p.name.value for p in scope.params.params])}
        return unread[0] if len(unread) == 1 else next((n for n in unread if n in arrays), None)
    return None


def _arrays(code: Code, function: str, parameters: list[str]) -> set[str]:
    """The parameters that a function is called with an array for, as far as the code says so."""
    found = set()
    for call in code.all(cst.Call):
        if last_name(call.func) == function:
            for parameter, arg in zip(parameters, call.args, strict=False):
                made = assignments_of(code, arg.value.value) if isinstance(arg.value, cst.Name) else []
                if any(isinstance(a.value, cst.Call) for a in made):
                    found.add(parameter)
    return found
