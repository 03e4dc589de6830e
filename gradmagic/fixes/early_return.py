"""A `return` that stands inside a loop over the gradients, and leaves it in its first turn."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, code_at, dotted, fix, last_name, names_in
from gradmagic.fixes.flow import targets_of
from gradmagic.recording import GradientRun, Recording, Span
from gradmagic.report import Fix


def left_early(recording: Recording, run: GradientRun | None) -> Span | None:
    """The `return` that ends a loop over the gradients of a call in its first turn."""
    found = _found(recording, run)
    if found is None:
        return None
    code, statement, _ = found
    return code.span(statement)


def return_behind_the_loop(recording: Recording, run: GradientRun | None) -> tuple[Fix, ...]:
    """The same `return`, behind the loop."""
    found = _found(recording, run)
    if found is None:
        return ()
    code, statement, loop = found
    return fix("return after the last turn of the loop, not in the first", "unsafe", (code, Change().remove(statement).insert_after(loop, statement.with_changes(leading_lines=[]))))


def _found(recording: Recording, run: GradientRun | None) -> tuple[Code, cst.SimpleStatementLine, cst.For] | None:
    asked = asking(recording, run)
    code = code_at(recording, run.span) if run is not None else None
    assign = code.enclosing(asked[1], cst.Assign) if code is not None and asked is not None else None
    names = targets_of(assign.targets[0].target) if assign is not None else set()
    if code is None or asked is None or not names:
        return None
    found = []
    scope = code.function(asked[1])
    if scope is not None:
        found += [(code, *r) for r in _returns(code, scope, names) if code.start(r[1]) > code.end(asked[1])]
    for call in code.all(cst.Call, code.scope(asked[1])):
        if code.start(call) < code.end(asked[1]):
            continue
        for position, arg in enumerate(call.args):
            if not isinstance(arg.value, cst.Name) or arg.value.value not in names:
                continue
            for other in cells(recording):
                for function in other.all(cst.FunctionDef):
                    if function.name.value != last_name(call.func):
                        continue
                    parameters = [p.name.value for p in function.params.params if not (p.name.value == "self" and dotted(call.func) != function.name.value)]
                    own = arg.keyword.value if arg.keyword is not None else parameters[position] if position < len(parameters) else ""
                    found += [(other, *r) for r in _returns(other, function, {own})]
    return found[0] if len(found) == 1 else None


def _returns(code: Code, function: cst.FunctionDef, names: set[str]) -> list[tuple[cst.SimpleStatementLine, cst.For]]:
    """The unconditional `return`s at the end of a loop over one of these names, with something done before."""
    found = []
    for loop in code.all(cst.For, function):
        last = loop.body.body[-1] if len(loop.body.body) > 1 else None
        if code.function(loop) is function and isinstance(last, cst.SimpleStatementLine) and len(last.body) == 1 and isinstance(last.body[0], cst.Return) and names & names_in(loop.iter):
            found.append((last, loop))
    return found
