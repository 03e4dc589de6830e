"""The symbolic input of a model as the source: the data that the model is called with under the tape is watched, and asked for."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block, tape_name
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, cells, fix, last_name, names_in, same
from gradmagic.fixes.flow import assigned, assignments_of
from gradmagic.fixes.names import names_of, new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix

TENSORS = ("convert_to_tensor", "constant", "cast")


def data_watched(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """`score = model(image)` and `tape.gradient(score, model.input)` → `tape.watch(image)` and `tape.gradient(score, image)`."""
    found, block, tf = asking(recording, run), tape_block(recording, run), names_of(recording).tf
    wanted = argument(found[1], 1, "sources", "xs") if found is not None else None
    tape = tape_name(block[1]) if block is not None else None
    if found is None or block is None or wanted is None or tape is None or tf is None or run is None or len(run.sources) != 1 or found[0] is not block[0]:
        return ()
    code, listed = found[0], isinstance(wanted.value, (cst.List, cst.Tuple))
    source = wanted.value.elements[0].value if isinstance(wanted.value, (cst.List, cst.Tuple)) and len(wanted.value.elements) == 1 else wanted.value
    model, many = _model_of(recording, code, source)
    calls = [c for c in code.all(cst.Call, block[1].body) if model is not None and same(c.func, model)]
    given = calls[0].args[0] if len(calls) == 1 and calls[0].args else None
    if given is None or given.star or given.keyword is not None or any(last_name(c.func) == "watch" for c in code.all(cst.Call, block[1].body)):
        return ()
    change = Change()
    name = _watched(code, block[1], given.value, tape, tf, change)
    if name is None:
        return ()
    if many and not listed:
        change.replace(wanted.value, code.expression(f"[{name}]"))
    else:
        change.replace(source, cst.Name(name))
    return fix(f"let the tape watch `{name}`, which the model is called with, and ask for its gradient", "unsafe", (code, change))


def _watched(code: Code, block: cst.With, data: cst.BaseExpression, tape: str, tf: str, change: Change) -> str | None:
    """The name of a tensor of the data, which lines before its use make and let the tape watch."""
    line, first = code.statement(data), block.body.body[0]
    inside = names_in(data) & assigned(block.body)
    made = assignments_of(code, data.value, code.scope(block)) if isinstance(data, cst.Name) else []
    before = [a for a in made if code.end(a) < code.start(data)]
    is_tensor = bool(before) and isinstance(before[-1].value, cst.Call) and last_name(before[-1].value.func) in TENSORS
    if isinstance(data, cst.Name) and inside:
        # What is made under the tape can be watched only behind the line that makes it.
        if not is_tensor or line is None or code.parent(line) is not block.body or any(code.start(a) > code.start(line) for a in made):
            return None
        change.insert_before(line, code.line(f"{tape}.watch({data.value})"))
        return data.value
    if inside or not isinstance(line, cst.SimpleStatementLine):
        return None
    name = data.value if isinstance(data, cst.Name) else new_name(code, "data")
    if not is_tensor:
        change.insert_before(block, code.line(f"{name} = {tf}.convert_to_tensor({code.bare(data)})"))
    if not isinstance(data, cst.Name):
        change.replace(data, cst.Name(name))
    change.insert_before(first, code.line(f"{tape}.watch({name})"))
    return name


def _model_of(recording: Recording, code: Code, source: cst.BaseExpression) -> tuple[cst.BaseExpression | None, bool]:
    """The model whose input a source is, and whether the source is the list of its inputs."""
    if isinstance(source, cst.Subscript) and isinstance(source.value, cst.Attribute) and source.value.attr.value == "inputs":
        return source.value.value, False
    if isinstance(source, cst.Attribute) and source.attr.value in ("input", "inputs"):
        owner = source.value
        # The first layer is given what the model is given.
        layers = owner.value if isinstance(owner, cst.Subscript) and code.text(owner).endswith("[0]") else None
        if isinstance(layers, cst.Attribute) and layers.attr.value == "layers":
            return layers.value, False
        return (None if isinstance(owner, (cst.Call, cst.Subscript)) else owner), source.attr.value == "inputs"
    if not isinstance(source, cst.Name):
        return None, False
    made = [(c, a.value) for c in (code, *cells(recording)) for a in assignments_of(c, source.value)]
    if not made or any(v is not made[0][1] for _, v in made):
        return None, False
    where, value = made[0]
    if isinstance(value, cst.Attribute):
        return _model_of(recording, where, value)
    models = [
        t.target
        for c in cells(recording)
        for a in c.all(cst.Assign)
        for t in a.targets
        if isinstance(a.value, cst.Call) and last_name(a.value.func) == "Model" and (g := argument(a.value, 0, "inputs")) is not None and same(g.value, source)
    ]
    is_input = isinstance(value, cst.Call) and last_name(value.func) == "Input"
    return (models[0] if is_input and len(models) == 1 and isinstance(models[0], cst.Name) else None), False
