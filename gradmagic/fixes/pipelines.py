"""Forward passes that run elsewhere: in a dataset's `map`, under another tape, in a call that is made twice."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, body_of, tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, code_at, fix, last_name, names_in, same
from gradmagic.fixes.flow import assigned, assignments_of, pairs_of, reads_of
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def out_of_the_pipeline(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`dataset.map(lambda x, y: (encoder(x), y))`: the dataset gives `x`, and the encoder runs under the tape."""
    found = tape_block(recording, run)
    if found is None:
        return ()
    code, block, _ = found
    for where in cells(recording):
        for call in where.all(cst.Call):
            mapped = argument(call, 0, "map_func") if last_name(call.func) == "map" and isinstance(call.func, cst.Attribute) else None
            inner = _model_call(recording, where, mapped.value) if mapped is not None else None
            if inner is None:
                continue
            owner, model, value = inner
            for loop in code.all(cst.For):
                first = loop.target.elements[0].value if isinstance(loop.target, cst.Tuple) and loop.target.elements else loop.target
                reads = reads_of(code, first.value, block.body) if isinstance(first, cst.Name) else []
                if not reads or not isinstance(first, cst.Name) or (owner is code and code.start(value) > code.start(loop) and code.function(value) is None):
                    continue
                change = Change()
                for node in reads:
                    change.replace(node, code.expression(f"{model}({first.value})"))
                there = change if owner is code else Change()
                there.replace(value, value.args[0].value)
                changes = [(code, change)] if owner is code else [(owner, there), (code, change)]
                return fix(f"run `{model}` under the tape, not in the dataset", "unsafe", *changes)
    return ()


def _model_call(recording: Recording, code: Code, mapped: cst.BaseExpression) -> tuple[Code, str, cst.Call] | None:
    """The call of a model in what a mapped function returns first."""
    results: list[tuple[Code, cst.BaseExpression]] = []
    if isinstance(mapped, cst.Lambda):
        results = [(code, mapped.body)]
    elif isinstance(mapped, cst.Name):
        results = [(c, r.value) for c in cells(recording) for f in c.all(cst.FunctionDef) if f.name.value == mapped.value for r in c.all(cst.Return, f) if r.value is not None]
    models = {m.name for m in recording.models} | {name.partition("/")[0] for v in recording.variables.values() for name in v.names}
    models |= {v.owner for v in recording.variables.values() if v.owner}
    models |= {n.rpartition(".")[0] for v in recording.variables.values() for n in v.names} | {layer.name for layer in recording.layers.values()}
    for where, result in results:
        value = result.elements[0].value if isinstance(result, cst.Tuple) and result.elements else result
        made = (
            isinstance(value, cst.Call)
            and isinstance(value.func, cst.Name)
            and any(isinstance(e, cst.Call) and last_name(e.func)[:1].isupper() for c in cells(recording) for e in _values_of(c, value.func.value))
        )
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Name) and value.args and (made or value.func.value in models):
            return where, value.func.value, value
    return None


def _values_of(code: Code, name: str) -> list[cst.BaseExpression]:
    """What a name is given, also in a tuple."""
    return [value for assign in code.all(cst.Assign) for target, value in pairs_of(assign) if isinstance(target, cst.Name) and target.value == name]


def from_the_other_tape(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """A line in the block of another tape beside this one, repeated in this one."""
    found, code = tape_block(recording, run), code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if found is None or code is not found[0] or not isinstance(statement, cst.SimpleStatementLine):
        return ()
    block = found[1]
    other = code.enclosing(statement, cst.With)
    if other is None or other is block or code.parent(other) is not code.parent(block) or not assigned(statement) & names_in(block.body):
        return ()
    first = body_of(block)[0]
    return fix("run this line under the tape that is asked", "unsafe", (code, Change().insert_before(first, statement.with_changes(leading_lines=[]))))


def called_once(recording: Recording, run: GradientRun) -> tuple[Fix, ...]:
    """`features = conv(image)` before the tape and `conv(image)` again under it: the tensor that is asked about is used."""
    found, block = asking(recording, run), tape_block(recording, run)
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    if found is None or block is None or wanted is None or block[0] is not found[0] or not isinstance(wanted.value, cst.Name):
        return ()
    code, name = found[0], wanted.value.value
    made = [a for a in assignments_of(code, name, code.scope(found[1])) if code.start(a) < code.start(found[1])]
    if len(made) != 1 or not isinstance(made[0].value, cst.Call) or not made[0].value.args or code.start(made[0]) > code.start(block[1]):
        return ()
    change = Change()
    for call in code.all(cst.Call, block[1].body):
        if same(call, made[0].value):
            change.replace(call, cst.Name(name))
    return fix(f"use `{name}`, which is watched, in the place of a second run", "safe", (code, change)) if change.replaced else ()


def kept_object(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """What makes a model or a weight anew between its use and the gradient call goes; in `call` it goes to `__init__` unless it is made there."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    assign = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    if code is None or not isinstance(statement, cst.SimpleStatementLine) or not isinstance(assign, cst.Assign) or not isinstance(assign.value, cst.Call):
        return ()
    target, function = assign.targets[0].target, code.function(statement)
    owner = code.enclosing(function, cst.ClassDef) if function is not None else None
    if owner is not None and function is not None and isinstance(target, cst.Attribute) and function.name.value != "__init__":
        first = next((f for f in code.all(cst.FunctionDef, owner) if f.name.value == "__init__"), None)
        made = first is not None and any(same(t.target, target) for a in code.all(cst.Assign, first) for t in a.targets)
        change = Change().remove(statement)
        if made:
            return fix(f"keep the `{target.attr.value}` that `__init__` made", "unsafe", (code, change))
        known = {p.name.value for p in first.params.params} if first is not None else set()
        local = names_in(assign.value) & ({p.name.value for p in function.params.params} | assigned(function.body)) - {"self"}
        if first is None or not local <= known:
            return ()
        return fix(f"make `{target.attr.value}` once, in `__init__`", "unsafe", (code, change.insert_after(first.body.body[-1], statement.with_changes(leading_lines=[]))))
    found, block = asking(recording, run), tape_block(recording, run)
    if found is None or block is None or found[0] is not code or function is not code.function(found[1]) or not isinstance(target, cst.Name):
        return ()
    before = [a for a in assignments_of(code, target.value, code.scope(found[1])) if a is not assign] or any(
        target.value in assigned(s) for c in cells(recording) if c is not code for s in c.all(cst.Assign)
    )
    if code.end(block[1]) < code.start(statement) < code.start(found[1]) and before:
        return fix(f"keep the `{target.value}` that computed the target", "unsafe", (code, Change().remove(statement)))
    return ()
