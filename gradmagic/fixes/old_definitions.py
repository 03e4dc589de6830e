"""What was made of a class, or handed a function, before a later cell defined that anew: made once more."""

from __future__ import annotations

import libcst as cst

from gradmagic.fixes.change import Change
from gradmagic.fixes.code import Code, cells, fix, last_name, names_in
from gradmagic.fixes.flow import assigned
from gradmagic.newer_definitions import Newer
from gradmagic.recording import Recording
from gradmagic.report import Fix


def with_newer_definition(recording: Recording, newer: Newer) -> tuple[Fix, ...]:
    """The one line that made an object of the old class, or that handed the old function over, in front of the checked cell."""
    known = sorted((c for c in cells(recording) if isinstance(c.cell, int) and c.cell >= newer.cell), key=lambda c: int(c.cell))
    current = next((c for c in cells(recording) if c.cell == "current"), None)
    found: list[tuple[Code, cst.SimpleStatementLine]] = []
    for code in known:
        if isinstance(newer.span.cell, int) and isinstance(code.cell, int) and code.cell > newer.span.cell:
            break
        found += [(code, s) for s in code.module.body if isinstance(s, cst.SimpleStatementLine) and _makes(code, s, newer.name)]
    if current is None or len(found) != 1 or not current.module.body or newer.span.cell == "current":
        return ()
    line = found[0][1].with_changes(leading_lines=[])
    given = ", ".join(sorted(assigned(line)))
    again = f"make `{given}` anew" if given else "run the line that hands it over once more"
    return fix(f"{again}, with the `{newer.name}` of cell {newer.span.cell}", "unsafe", (current, Change().insert_before(current.module.body[0], line)))


def _makes(code: Code, statement: cst.SimpleStatementLine, name: str) -> bool:
    """Whether a line gives a name, or a model, something that is made of a definition."""
    if name not in names_in(statement):
        return False
    return isinstance(statement.body[0], cst.Assign) or any(last_name(c.func) == "compile" for c in code.all(cst.Call, statement))
