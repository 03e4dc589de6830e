"""Where a word or a number that an argument stands for is written."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from gradmagic.fixes.code import Code, argument, cells, dotted, last_name, parameters_of
from gradmagic.fixes.flow import assignments_of
from gradmagic.recording import Recording


def written(recording: Recording, code: Code, value: cst.BaseExpression, depth: int = 0) -> Iterator[tuple[Code, cst.BaseExpression]]:
    """Here, as the default of a parameter, where the function is called, or in an assignment."""
    if isinstance(value, (cst.SimpleString, cst.BaseNumber, cst.UnaryOperation)) or (isinstance(value, cst.Attribute) and dotted(value).partition(".")[0] != "self"):
        yield code, value
        return
    name = last_name(value)
    if not name or depth > 3:
        return
    around = [f for f in code.around(value) if isinstance(f, cst.FunctionDef)]
    owner = code.enclosing(value, cst.ClassDef)
    around += [f for f in code.all(cst.FunctionDef, owner) if f.name.value == "__init__"] if owner is not None else []
    for function in around:
        parameters = [p for p in (*function.params.params, *function.params.kwonly_params) if p.name.value == name]
        if not parameters:
            continue
        called = owner.name.value if owner is not None and function.name.value == "__init__" else function.name.value
        position = parameters_of(function).index(name) if parameters[0] in function.params.params else None
        given = [(c, a.value) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == called and (a := argument(call, position, name)) is not None]
        for where, node in given:
            yield from written(recording, where, node, depth + 1)
        if not given and parameters[0].default is not None:
            yield from written(recording, code, parameters[0].default, depth + 1)
        return
    for other in cells(recording):
        for assign in assignments_of(other, name) if isinstance(value, cst.Name) else ():
            yield from written(recording, other, assign.value, depth + 1)
