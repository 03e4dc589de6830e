"""Code frames: the lines of a finding and what is marked on them."""

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import dataclass

from gradmagic.report import Edit, Finding, Label, Location, Report

MOST_COLUMNS = 160


@dataclass(frozen=True)
class Mark:
    """Columns `start` to `end` of a line, with the label's text."""

    start: int
    end: int
    text: str
    primary: bool


@dataclass(frozen=True)
class Line:
    number: int
    code: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Frame:
    """The marked lines of one cell or file."""

    place: str
    lines: tuple[Line, ...]


def place_of(location: Location | None) -> str:
    """How a place is named: `cell [7], line 4`."""
    if location is None:
        return "the cell"
    where = "this cell" if location.cell == "current" else f"cell [{location.cell}]" if location.cell is not None else location.file or "code"
    inside = f", in {location.function}" if location.function else ""
    return clean(f"{where}, line {location.line}{inside}").replace("\n", " ")


def frames_of(finding: Finding) -> tuple[Frame, ...]:
    """The frames of a finding, the one with the primary label first."""
    grouped: dict[tuple[object, object], list[Label]] = {}
    labels = sorted(finding.labels, key=lambda label: not label.primary)
    if not labels and finding.location is not None:
        labels = [Label(finding.location, "", True)]
    for label in labels:
        grouped.setdefault((label.location.cell, label.location.file), []).append(label)
    frames = []
    for members in grouped.values():
        lines: dict[int, Line] = {}
        for label in members:
            number = label.location.line
            code, mark = _shown(label)
            before = lines.get(number)
            marks = (*(before.marks if before else ()), mark)
            lines[number] = Line(number, before.code if before else code, tuple(sorted(marks, key=lambda m: m.start)))
        frames.append(Frame(place_of(members[0].location), tuple(lines[n] for n in sorted(lines))))
    return tuple(frames)


def _shown(label: Label) -> tuple[str, Mark]:
    where = label.location
    code = clean(where.code.replace("\t", "    "))
    shift = (len(where.code) - len(where.code.lstrip("\t"))) * 3
    start = min(where.column + shift, len(code))
    end = min(where.end_column + shift, len(code)) if where.end_line == where.line else len(code.rstrip())
    if end <= start:
        start, end = len(code) - len(code.lstrip()), max(len(code.rstrip()), 1)
    if len(code) > MOST_COLUMNS:
        if start > MOST_COLUMNS // 2:
            cut = start - MOST_COLUMNS // 4
            code, start, end = "…" + code[cut + 1 :], start - cut, end - cut
        if len(code) > MOST_COLUMNS:
            code = code[: MOST_COLUMNS - 1] + "…"
            end = min(end, len(code))
    return code, Mark(start, max(end, start + 1), label.text, label.primary)


def old_lines(report: Report, finding: Finding, edit: Edit) -> list[str]:
    """The lines that an edit replaces, as far as the report has them: of the checked cell all, of others the labelled ones."""
    if edit.cell == "current":
        return report.cell.source.split("\n")[edit.start_line - 1 : edit.end_line]
    known = {label.location.line: label.location.code for label in finding.labels if label.location.cell == edit.cell}
    return [known[n] for n in range(edit.start_line, edit.end_line + 1) if n in known]


def clean(text: str) -> str:
    """Text without control characters: nothing in it can move a cursor or change a colour."""
    return "".join(c if c in "\n" or not unicodedata.category(c).startswith("C") else "�" for c in text)


def width_of(text: str) -> int:
    """The columns that text takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def segments(line: Line) -> list[tuple[str, Mark | None]]:
    """The code of a line in pieces, each with the innermost mark over it, the primary one before all others."""
    edges = sorted({0, len(line.code), *(min(e, len(line.code)) for m in line.marks for e in (m.start, m.end))})
    found = []
    for start, end in itertools.pairwise(edges):
        over = [m for m in line.marks if m.start <= start and end <= max(m.end, m.start)]
        best = min(over, key=lambda m: (not m.primary, m.end - m.start), default=None)
        found.append((line.code[start:end], best))
    return found
