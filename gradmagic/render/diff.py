"""A fix as the lines it takes away and puts in."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from gradmagic.render.characters import visible
from gradmagic.render.snippet import CodeLine, Mark, shown, source_line, window
from gradmagic.report import CellInfo, Edit, Finding, Fix

# Long enough that lines people write stay whole and can be copied.
LONGEST_LINE = 300


@dataclass(frozen=True)
class DiffLine:
    """A line of a diff. `number` counts in the cell before the fix for ``-`` and after it for ``+`` and unchanged lines."""

    number: int
    sign: Literal["-", "+", " "]
    text: str


@dataclass(frozen=True)
class Hunk:
    """The lines of one edit. `cell` is as in `Location`."""

    cell: str | int | None
    lines: tuple[DiffLine, ...]


def hunks(fix: Fix, finding: Finding, cell: CellInfo) -> tuple[Hunk, ...]:
    """The edits of a fix as diffs, in the order of the code.

    Args:
        fix: the fix to show.
        finding: where the fix belongs; its labels carry code of cells that the report does not hold in full.
        cell: the checked cell.

    Returns:
        One hunk per edit. Old lines whose text is unknown are left out, so that a hunk never shows invented code.
    """
    known = {(label.location.cell, label.location.line): label.location.code for label in finding.labels}
    made, moved = [], dict.fromkeys((edit.cell for edit in fix.edits), 0)
    for edit in sorted(fix.edits, key=lambda edit: (edit.cell != "current", str(edit.cell), edit.start_line)):
        lines = _lines(edit, moved[edit.cell], known, cell)
        moved[edit.cell] += sum({"+": 1, "-": -1, " ": 0}[line.sign] for line in lines)
        made.append(Hunk(edit.cell, lines))
    return tuple(made)


def _lines(edit: Edit, moved: int, known: dict[tuple[str | int | None, int], str], cell: CellInfo) -> tuple[DiffLine, ...]:
    numbers = range(edit.start_line, min(edit.end_line, edit.start_line + 400) + 1)
    kept = dict(zip(numbers, edit.original.split("\n") if edit.original is not None else (), strict=False))
    old: list[str] = []
    for line in numbers:
        text = source_line(cell, edit.cell, line)
        text = kept.get(line, known.get((edit.cell, line))) if text is None else text
        if text is None:
            old = []
            break
        old.append(text)
    new = edit.replacement.removesuffix("\n").split("\n") if edit.replacement else []
    lines: list[DiffLine] = []
    for op, i1, i2, j1, j2 in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        fresh = edit.start_line + moved
        if op == "equal":
            lines += [DiffLine(fresh + j, " ", _cut(new[j])) for j in range(j1, j2)]
            continue
        lines += [DiffLine(edit.start_line + i, "-", _cut(old[i])) for i in range(i1, i2)]
        lines += [DiffLine(fresh + j, "+", _cut(new[j])) for j in range(j1, j2)]
    return tuple(lines)


def _cut(text: str) -> str:
    if len(text) <= LONGEST_LINE and text.isprintable():
        return text
    return window(shown(CodeLine(1, text, (Mark(0, 1, "", True),))), LONGEST_LINE).code


def place_of(hunk: Hunk, finding: Finding) -> str:
    """The heading of a hunk that is not about the line the finding blames: ``in cell [5]``; else empty."""
    if hunk.cell == "current" or hunk.cell is None or (finding.location and finding.location.cell == hunk.cell):
        return ""
    return f"in cell [{visible(str(hunk.cell))}]"
