"""Functions that only hand on what was computed before the tape was opened, and sources that the gradient call makes anew."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.blocks import asking, tape_block
from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, argument, code_at, dotted, fix, last_name, names_in, same
from gradmagic.fixes.flow import assigned, assignments_of, draws, reads_of
from gradmagic.fixes.names import new_name
from gradmagic.recording import GradientRun, Recording
from gradmagic.report import Fix


def inside_function(recording: Recording, run: GradientRun | None, place: Place) -> tuple[Fix, ...]:
    """`cost = …` and `loss = lambda: cost`, a function that only hands on what was computed before: it computes it itself."""
    code = code_at(recording, place)
    statement = code.statement_at(place) if code is not None and place is not None else None
    if code is None or run is None or not isinstance(statement, cst.SimpleStatementLine) or len(assigned(statement)) != 1 or len(statement.body) != 1:
        return ()
    name, scope = next(iter(assigned(statement))), code.scope(statement)
    assign = statement.body[0]
    if not isinstance(assign, cst.Assign) or not isinstance(assign.targets[0].target, cst.Name) or len(assignments_of(code, name, scope)) != 1:
        return ()
    moved = _chain(code, statement, {s.name.partition("[")[0] for s in run.sources})
    if any(map(draws, moved)):
        return ()
    own = {n for s in moved for n in assigned(s)}
    readers = [n for n in reads_of(code, name, scope) if code.start(n) > code.end(statement)]
    inside = [n for n in code.all(cst.Lambda, scope) if any(n in list(code.around(r)) for r in readers)]
    if len(inside) == 1 and len(moved) == 1:
        change = Change()
        for node in readers:
            if inside[0] in list(code.around(node)):
                change.replace(node, assign.value)
        if len(change.replaced) == len(readers):
            change.remove(statement)
        return fix(f"compute `{name}` inside the function that is differentiated", "safe", (code, change))
    # A lambda cannot hold several lines: it becomes a function of the same name.
    outer = code.enclosing(inside[0], cst.Assign) if len(inside) == 1 else None
    if len(inside) == 1 and not inside[0].params.params:
        whole = outer is not None and outer.value is inside[0] and isinstance(outer.targets[0].target, cst.Name)
        called = last_name(outer.targets[0].target) if outer is not None and whole else new_name(code, "objective")
        new, line = code.line(f"def {called}():\n    return {code.text(inside[0].body)}"), code.statement(inside[0])
        assert isinstance(new, cst.FunctionDef) and line is not None
        body = [s.with_changes(leading_lines=[]) for s in moved]
        new = new.with_changes(body=new.body.with_changes(body=[*body, *new.body.body]))
        change = Change().insert_before(line, new)
        change = change.remove(line) if whole else change.replace(inside[0], cst.Name(called))
        for step in moved:
            change.remove(step)
        return fix(f"compute `{name}` inside the function that is differentiated", "safe", (code, change)) if not _read_besides(code, own, moved, inside[0]) else ()
    functions = [f for f in code.all(cst.FunctionDef, scope) if f is not scope and any(f in list(code.around(r)) for r in readers) and name not in {p.name.value for p in f.params.params}]
    if len(functions) != 1 or any(name in assigned(s) for s in functions[0].body.body):
        return ()
    change = Change().insert_before(functions[0].body.body[0], *(s.with_changes(leading_lines=[]) for s in moved))
    if not _read_besides(code, own, moved, functions[0]):
        for step in moved:
            change.remove(step)
    return fix(f"compute `{name}` inside `{functions[0].name.value}`, which is differentiated", "safe", (code, change))


def _chain(code: Code, last: cst.SimpleStatementLine, sources: set[str]) -> list[cst.SimpleStatementLine]:
    """The lines before a line that lead from the sources to it, in order."""
    before = [s for s in getattr(code.parent(last), "body", ()) if isinstance(s, cst.SimpleStatementLine) and code.start(s) < code.start(last)]
    reached, through = set(sources), list[cst.SimpleStatementLine]()
    for step in before:
        value = step.body[0].value if isinstance(step.body[0], cst.Assign) else None
        if value is not None and names_in(value) & reached and not (isinstance(value, cst.Call) and last_name(value.func)[:1].isupper()) and not isinstance(value, (cst.List, cst.Tuple)):
            reached |= assigned(step)
            through.append(step)
    needed, kept = set(names_in(last)), [last]
    for step in reversed(through):
        if assigned(step) & needed:
            kept.insert(0, step)
            needed |= names_in(step)
    return kept


def _read_besides(code: Code, names: set[str], moved: list[cst.SimpleStatementLine], inside: cst.CSTNode) -> bool:
    """Whether names are read elsewhere than in the lines that move and in the function that they move to."""
    reads = [n for name in names for n in reads_of(code, name, code.module)]
    return any(inside not in list(code.around(n)) and not any(s in list(code.around(n)) for s in moved) for n in reads)


def argument_made_twice(recording: Recording, run: GradientRun) -> tuple[Fix, ...]:
    """`tape.gradient(y, tf.convert_to_tensor(x))`: the source is made anew in the call, so it gets its name before the tape is opened."""
    found, block = asking(recording, run), tape_block(recording, run)
    wanted = argument(found[1], 1, "sources", "xs", "source") if found is not None else None
    if found is None or block is None or wanted is None or block[0] is not found[0]:
        return ()
    code, value = found[0], wanted.value
    if not isinstance(value, cst.Call) or last_name(value.func) not in ("convert_to_tensor", "constant", "cast", "Variable", "identity", "expand_dims", "reshape") or not value.args:
        return ()
    inner = value.args[0].value
    if not isinstance(inner, cst.Name) or code.scope(found[1]) is not code.scope(block[1]):
        return ()
    name, scope = inner.value, code.scope(found[1])
    change = Change().insert_before(block[1], code.line(f"{name} = {code.text(value)}"))
    for call in code.all(cst.Call, scope):
        if dotted(call.func) == dotted(value.func) and same(call, value) and code.start(call) > code.start(block[1]):
            change.replace(call, cst.Name(name))
    return fix(f"make the tensor once, before the tape, and use `{name}` from then on", "safe", (code, change))
