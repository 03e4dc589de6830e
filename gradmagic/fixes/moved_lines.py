"""Lines that stand before the block of a tape and are wanted in it: moved, or copied where others read them in between."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, fix, names_in
from gradmagic.fixes.flow import assigned, reads_of
from gradmagic.report import Fix


def move_in(code: Code, block: cst.With, first: cst.SimpleStatementLine, asked: set[str]) -> tuple[Fix, ...]:
    """Put a line, and those behind it that go on with its result, into a tape's block. What is read between the two places stays there too."""
    scope = code.scope(block)
    before = [s for s in code.all(cst.SimpleStatementLine, scope) if code.start(first) <= code.start(s) < code.start(block) and code.scope(s) is scope]
    names, wanted = set(assigned(first)), [first]
    for statement in before[1:]:
        if code.parent(statement) in list(code.around(block)) and names_in(statement) & names and assigned(statement):
            wanted.append(statement)
            names |= assigned(statement)
    if not names & (names_in(block.body) | asked):
        return ()
    others = [s for s in before if s not in wanted]
    if any(assigned(s) & (names | {n for w in wanted for n in names_in(w)}) for s in others):
        # A name that changes in between has another value in the block.
        return ()
    stay = _kept(code, block, wanted)
    # A line that computes a name from itself would do so twice.
    made: set[str] = set()
    for statement in wanted:
        if statement in stay and names_in(_value(statement)) & ({n for s in stay for n in assigned(s)} - made):
            return ()
        made |= assigned(statement)
    change = Change().insert_before(block.body.body[0], *(s.with_changes(leading_lines=[]) if s in stay else s for s in wanted))
    for statement in wanted:
        if statement not in stay:
            change.remove(statement)
    return fix("run the forward pass under the tape" + (" once more" if len(stay) == len(wanted) else ""), "safe", (code, change))


def _kept(code: Code, block: cst.With, wanted: list[cst.SimpleStatementLine]) -> list[cst.SimpleStatementLine]:
    """The lines whose results are read on the way to the block, by what does not go along, and the lines that those are computed with."""
    inside = {n for s in wanted for n in code.all(cst.Name, s)}
    read: set[str] = set()
    for name in {n for s in wanted for n in assigned(s)}:
        if any(code.start(n) > code.start(wanted[0]) and code.start(n) < code.start(block) and n not in inside for n in reads_of(code, name, code.scope(block))):
            read.add(name)
    stay: list[cst.SimpleStatementLine] = []
    for statement in reversed(wanted):
        if assigned(statement) & read:
            stay.insert(0, statement)
            read |= names_in(_value(statement))
    return stay


def _value(statement: cst.SimpleStatementLine) -> cst.CSTNode:
    step = statement.body[0]
    return step.value if isinstance(step, cst.Assign) else step
