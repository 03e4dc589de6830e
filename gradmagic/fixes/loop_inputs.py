"""A loop over layers in which each is given what the first one should get."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.calls import Place
from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, code_at, fix
from gradmagic.fixes.flow import pairs_of, reads_of, stores_of, targets_of
from gradmagic.recording import Recording
from gradmagic.report import Fix


def each_after_the_other(recording: Recording, place: Place) -> tuple[Fix, ...]:
    """`z = x` and `for layer in layers: z = layer(x)` → `z = layer(z)`; where nothing gives the name a value before the loop, `z = x` does."""
    code = code_at(recording, place)
    if code is None or place is None:
        return ()
    for call in [n for n in code.expressions_at(place) if isinstance(n, cst.Call)]:
        line, loop = code.statement(call), code.enclosing(call, cst.For)
        assign = code.parent(call)
        if loop is None or line is None or code.parent(line) is not loop.body or not isinstance(assign, cst.Assign) or len(assign.targets) != 1 or not isinstance(call.func, cst.Name):
            continue
        given = call.args[0].value if call.args else None
        name = _first(assign.targets[0].target)
        if name is None or not isinstance(given, cst.Name) or given.value == name or call.func.value not in targets_of(loop.target) or not _is_of_before(code, given.value, name, loop):
            continue
        change = Change().replace(given, cst.Name(name))
        scope = code.scope(loop)
        before = [v for a in code.all(cst.Assign, scope) if code.end(a) < code.start(loop) for t, v in pairs_of(a) if name in targets_of(t)]
        if not before:
            change.insert_before(loop, code.line(f"{name} = {given.value}"))
        elif not (isinstance(before[-1], cst.Name) and before[-1].value == given.value):
            continue
        return fix(f"hand each `{call.func.value}` what the one before it gave", "unsafe", (code, change))
    return ()


def _first(target: cst.BaseExpression) -> str | None:
    first = target.elements[0].value if isinstance(target, (cst.Tuple, cst.List)) and target.elements else target
    return first.value if isinstance(first, cst.Name) else None


def _is_of_before(code: Code, given: str, name: str, loop: cst.For) -> bool:
    """Whether a loop never changes what is given, and does not read what it makes of it."""
    return not stores_of(code, given, loop) and not reads_of(code, name, loop)
