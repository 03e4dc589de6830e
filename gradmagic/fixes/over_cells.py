"""A target that is computed in other cells than the one whose tape is asked: its lines go to the end of the tape's block."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.behind import updates
from gradmagic.fixes.change import Change, at_the_end
from gradmagic.fixes.code import Code, cells, fix, names_in
from gradmagic.fixes.flow import assigned
from gradmagic.recording import Recording
from gradmagic.report import Fix


def moved_over_cells(recording: Recording, code: Code, block: cst.With, asking: Code, call: cst.Call, target: cst.Arg) -> tuple[Fix, ...]:
    """The lines between a block and a gradient call of a later cell in which the target is computed, at the end of the block."""
    asked = asking.statement(call)
    if asked is None or asked not in asking.module.body or block not in code.module.body or not isinstance(code.cell, int):
        return ()
    behind = [(code, s) for s in code.module.body if code.start(s) > code.end(block)]
    for between in sorted((c for c in cells(recording) if isinstance(c.cell, int) and c.cell > code.cell), key=lambda c: int(c.cell)):
        behind += [(between, s) for s in between.module.body]
    behind += [(asking, s) for s in asking.module.body if asking.start(s) < asking.start(asked)]
    needed, moved = names_in(target.value), list[tuple[Code, cst.CSTNode]]()
    for owner, statement in reversed(behind):
        if assigned(statement) & needed:
            moved.insert(0, (owner, statement))
            needed = needed | names_in(statement)
    stay = [s for owner, s in behind if (owner, s) not in moved]
    # In the block a name that is given its value behind it has another one, and a variable that is updated in between as well.
    if not moved or not all(isinstance(s, cst.SimpleStatementLine) for _, s in moved) or any(assigned(s) & needed for s in stay) or any(updates(owner, s) for owner, s in behind):
        return ()
    changes: dict[Code, Change] = {code: at_the_end(Change(), block, *(s.with_changes(leading_lines=[]) for _, s in moved))}
    for owner, line in moved:
        changes.setdefault(owner, Change()).remove(line)
    return fix("compute the target under the tape", "safe", *changes.items())
