"""A target that is computed behind the block of its tape: in the gradient call itself, or in the lines before it."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from gradmagic.fixes.calls import line_of
from gradmagic.fixes.change import Change, at_the_end
from gradmagic.fixes.code import Code, fix, last_name, names_in
from gradmagic.fixes.flow import assigned
from gradmagic.fixes.names import new_name
from gradmagic.fixes.opened_earlier import UPDATES, callers_of, runs
from gradmagic.recording import Op, Recording
from gradmagic.report import Fix

NAMED = (cst.Name, cst.List, cst.Tuple)


def target_inside(code: Code, block: cst.With, call: cst.Call, target: cst.Arg) -> tuple[Fix, ...]:
    """`tape.gradient(f(x), x)` behind the block → `loss = f(x)` as its last line, and `tape.gradient(loss, x)`."""
    asked = line_of(code, call)
    behind = [s for s in code.all(cst.SimpleStatementLine, code.scope(block)) if code.end(block) < code.start(s) and (asked is None or code.start(s) < code.start(asked))]
    # A name of a comprehension, or one that is given its value behind the block, is not known in it.
    if asked is None or code.scope(block) is not code.scope(call) or any(assigned(s) & names_in(target.value) or updates(code, s) for s in behind):
        return ()
    name = new_name(code, "loss")
    change = Change().replace(target.value, cst.Name(name))
    return fix("compute the target under the tape", "safe", (code, at_the_end(change, block, code.line(f"{name} = {code.bare(target.value)}"))))


def moved_back(code: Code, block: cst.With, behind: Sequence[cst.CSTNode], needed: set[str]) -> tuple[Fix, ...]:
    """The lines behind a block that a target is computed in, at its end."""
    moved: list[cst.CSTNode] = []
    for statement in reversed(behind):
        if assigned(statement) & needed:
            moved.insert(0, statement)
            needed = needed | names_in(statement)
    if not moved:
        return ()
    change = at_the_end(Change(), block, *moved)
    for statement in moved:
        change.remove(statement)
    return fix("compute the target under the tape", "safe", (code, change))


def called_behind(recording: Recording, code: Code, block: cst.With, call: cst.Call, target: cst.Arg, op: Op | None) -> tuple[Fix, ...]:
    """The same for what runs in a function of the user's that the gradient call, or a line before it, calls."""
    callers = callers_of(recording, op.span.function) if op is not None and op.span is not None else set()
    if op is None or op.span is None or not callers:
        return ()
    calls = [c for c in code.all(cst.Call, target.value) if last_name(c.func) in callers]
    if calls:
        return target_inside(code, block, call, target)
    siblings: list[cst.CSTNode] = list(getattr(code.parent(block), "body", ()))
    asked = code.statement(call)
    behind = [s for s in siblings if asked is not None and code.end(block) < code.start(s) < code.start(asked)]
    made = names_in(target.value)
    calling = [s for s in behind if isinstance(s, cst.SimpleStatementLine) and assigned(s) & made and runs(code, s, op.span, callers)]
    return moved_back(code, block, behind, made) if calling and asked in siblings and not any(updates(code, s) for s in behind) else ()


def updates(code: Code, statement: cst.CSTNode) -> bool:
    """Whether a statement changes variables, so that what runs before it would give another value."""
    return any(last_name(c.func) in UPDATES for c in code.all(cst.Call, statement))
