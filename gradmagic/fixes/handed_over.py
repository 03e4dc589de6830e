"""A forward pass whose result is handed to the function that opens the tape: the function is handed what goes in, and runs it itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import libcst as cst

from gradmagic.fixes.blocks import body_of, substituted, tape_block
from gradmagic.fixes.calls import keyword
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, fix, last_name, names_in
from gradmagic.fixes.flow import assigned, reads_of
from gradmagic.fixes.opened_earlier import callers_of, runs, way_to
from gradmagic.fixes.reached import handed_to
from gradmagic.recording import GradientRun, Op, Recording
from gradmagic.report import Fix


@dataclasses.dataclass(frozen=True)
class _Call:
    """The one call of the function with the tape: its cell and statement, and by parameter what it hands in."""

    code: Code
    node: cst.Call
    line: cst.SimpleStatementLine
    given: dict[str, cst.BaseExpression]

    @property
    def scope(self) -> cst.CSTNode:
        return self.code.scope(self.line)


def handed_over(recording: Recording, run: GradientRun | None, op: Op | None) -> tuple[Fix, ...]:
    """`logits = model(x); step(logits, y)`, or `step(model(x), y)`, of a function with the tape in it: it is handed `x`, and calls the model itself."""
    found = tape_block(recording, run)
    function = found[0].function(found[1]) if found is not None else None
    if found is None or function is None or run is None or any(a.keyword is not None and a.keyword.value == "input_signature" for d in function.decorators for a in found[0].all(cst.Arg, d)):
        return ()
    code, block, _ = found
    call = _only_call(recording, function)
    if call is None:
        return ()
    return _on_the_spot(code, block, function, call) or (_lines_before(recording, run, op, code, block, function, call) if op is not None else ())


def _only_call(recording: Recording, function: cst.FunctionDef) -> _Call | None:
    calls = [(c, call) for c in cells(recording) for call in c.all(cst.Call) if last_name(call.func) == function.name.value]
    if len(calls) != 1 or any(a.star for a in calls[0][1].args):
        return None
    code, call = calls[0]
    line = code.statement(call)
    return _Call(code, call, line, dict(handed_to(function, call))) if isinstance(line, cst.SimpleStatementLine) else None


def _on_the_spot(code: Code, block: cst.With, function: cst.FunctionDef, call: _Call) -> tuple[Fix, ...]:
    """`step(model(x), y)`: the parameter is handed `x`, and is what the model makes of it from then on."""
    for name, inner in call.given.items():
        called = isinstance(inner, cst.Call) and isinstance(inner.func, cst.Name) and not inner.func.value[:1].isupper()
        # What the function reads above the block would be what goes in.
        early = any(code.start(n) < code.start(block) for n in reads_of(code, name, function.body))
        if isinstance(inner, cst.Call) and called and inner.args and not early and reads_of(code, name, block.body):
            change, there = Change().insert_before(body_of(block)[0], code.line(f"{name} = {_of(call.code, inner, name)}")), Change()
            (change if call.code is code else there).replace(inner, inner.args[0].value)
            return fix(f"call `{last_name(inner.func)}` under the tape", "safe", *_both(code, change, call.code, there))
    return ()


def _of(code: Code, call: cst.Call, name: str) -> str:
    """A call with a name as its first argument."""
    rest = "".join(", " + code.text(a.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for a in call.args[1:])
    return f"{code.text(call.func)}({name}{rest})"


def _lines_before(recording: Recording, run: GradientRun, op: Op, code: Code, block: cst.With, function: cst.FunctionDef, call: _Call) -> tuple[Fix, ...]:
    """The lines before the call go into the block of the tape, and what they are computed with is handed in."""
    lines = _forward_lines(recording, run, op, call)
    made = {n for line in lines for n in assigned(line)}
    gone = {p: v.value for p, v in call.given.items() if isinstance(v, cst.Name) and v.value in made}
    others = {p for p, v in call.given.items() if p not in gone and names_in(v) & made}
    if not gone or others or len(set(gone.values())) != len(gone) or any(p.default is not None for p in function.params.params if p.name.value in gone):
        return ()
    own = assigned(function.body) | {p.name.value for p in function.params.params}
    if assigned(function.body) & set(gone) or any(code.start(n) < code.start(block) for p in gone for n in reads_of(code, p, function.body)):
        return ()
    names = {name: parameter for parameter, name in gone.items()} | {v.value: p for p, v in call.given.items() if isinstance(v, cst.Name) and p not in gone}
    free = _free(call, lines)
    new = [n for n in free if n not in names]
    # What the lines make for themselves, and what they read besides, must not be names of the function's own.
    if (set(new) | (made - set(names)) | _known(call, lines, free)) & (own - set(gone) - {"self"}) or not _stays_the_same(call, lines, free):
        return ()
    kept = any(n not in call.code.all(cst.Name, call.node) and not any(line in call.code.around(n) for line in lines) for m in made for n in reads_of(call.code, m, call.scope))
    change, there = Change(), Change()
    outer = change if call.code is code else there
    change.insert_before(body_of(block)[0], *(code.line(substituted(call.code, line.body[0], names)) for line in lines))  # type: ignore[arg-type]
    change.replace(function.params, function.params.with_changes(params=_parameters(function.params.params, set(gone), new)))
    outer.replace(call.node, call.node.with_changes(args=_arguments(call, set(gone), new)))
    for line in lines if not kept else ():
        outer.remove(line)
    title = f"run the forward pass under the tape{' once more' if kept else ''}: hand {' and '.join(f'`{n}`' for n in new) or 'in what goes in'} to `{function.name.value}`"
    return fix(title, "unsafe" if kept else "safe", *_both(code, change, call.code, there))


def _forward_lines(recording: Recording, run: GradientRun, op: Op, call: _Call) -> list[cst.SimpleStatementLine]:
    """The assignments beside the call, and before it, that run all that leads from the sources to what is handed over; none where there is more to it."""
    way = way_to(recording, run, op)
    callers = {name: callers_of(recording, name) for name in {s.function for s in way}}
    beside = [s for s in getattr(call.code.parent(call.line), "body", ()) if call.code.start(s) < call.code.start(call.line)]
    found: list[cst.SimpleStatementLine] = []
    for span in way:
        held = [s for s in beside if runs(call.code, s, span, callers[span.function])]
        if not held or not all(isinstance(s, cst.SimpleStatementLine) and len(s.body) == 1 and isinstance(s.body[0], cst.Assign) for s in held):
            return []
        found += [s for s in held if s not in found]
    return sorted(found, key=call.code.start)


def _free(call: _Call, lines: Sequence[cst.SimpleStatementLine]) -> list[str]:
    """The names that lines compute with and that the function has to be handed: those of the caller's own, in a cell those that are no models and no functions."""
    code, scope, made, found = call.code, call.scope, set[str](), dict[str, None]()
    own = assigned(scope.body) | {p.name.value for p in scope.params.params} if isinstance(scope, cst.FunctionDef) else assigned(scope)
    for line in lines:
        value = line.body[0].value if isinstance(line.body[0], cst.Assign) else line
        called = {n for c in code.all(cst.Call, value) for n in names_in(c.func)}
        for name in code.all(cst.Name, value):
            read = name.value in names_in(value) and name.value in own and name.value not in made
            if read and name.value != "self" and (isinstance(scope, cst.FunctionDef) or name.value not in called):
                found[name.value] = None
        made |= assigned(line)
    return list(found)


def _known(call: _Call, lines: Sequence[cst.SimpleStatementLine], free: Sequence[str]) -> set[str]:
    """The names that lines read and that are known everywhere."""
    return {n for line in lines for n in names_in(line)} - set(free) - {n for line in lines for n in assigned(line)}


def _stays_the_same(call: _Call, lines: Sequence[cst.SimpleStatementLine], free: Sequence[str]) -> bool:
    """Whether no line between gives a name that is handed in another value."""
    code = call.code
    between = [s for s in getattr(code.parent(call.line), "body", ()) if code.start(lines[0]) < code.start(s) < code.start(call.line)]
    return not any(assigned(s) & set(free) for s in between)


def _parameters(params: Sequence[cst.Param], gone: set[str], new: list[str]) -> list[cst.Param]:
    """The parameters with new ones in the place of the first that goes."""
    found: list[cst.Param] = []
    first = next(p for p in params if p.name.value in gone)
    for param in params:
        found += [cst.Param(cst.Name(n)) for n in new] if param is first else []
        found += [param.with_changes(comma=cst.MaybeSentinel.DEFAULT)] if param.name.value not in gone else []
    return found


def _arguments(call: _Call, gone: set[str], new: list[str]) -> list[cst.Arg]:
    """The arguments of the call with new ones in the place of the first that goes, by keyword where that one is given so."""
    left = {id(v) for p, v in call.given.items() if p in gone}
    first = next(a for a in call.node.args if id(a.value) in left)
    found: list[cst.Arg] = []
    for arg in call.node.args:
        if arg is first:
            found += [keyword(n, cst.Name(n)) if arg.keyword is not None else cst.Arg(cst.Name(n)) for n in new]
        found += [arg.with_changes(comma=cst.MaybeSentinel.DEFAULT)] if id(arg.value) not in left else []
    return found


def _both(code: Code, change: Change, other: Code, there: Change) -> list[tuple[Code, Change]]:
    return [(code, change)] if other is code else [(code, change), (other, there)]
