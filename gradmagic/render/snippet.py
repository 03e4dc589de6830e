"""Code frames: the labels of a finding gathered into lines of code with marked spans. Text and HTML draw the same frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gradmagic.render.characters import ELLIPSIS, char_width, text_width, visible
from gradmagic.report import CellInfo, Finding, Label, Location

TAB = 4
LONGEST_SPAN = 6


@dataclass(frozen=True)
class Mark:
    """A marked span of one line, in characters from `start` up to `end`, with what is said about it (may be empty)."""

    start: int
    end: int
    text: str
    primary: bool


@dataclass(frozen=True)
class CodeLine:
    number: int
    code: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Frame:
    """Lines of one cell or file. `location` is that of its first label, the primary one if it is here."""

    location: Location
    lines: tuple[CodeLine, ...]


def source_line(cell: CellInfo, where: str | int | None, number: int) -> str | None:
    """Line `number` of the checked cell as the editor shows it, or None where the report does not hold that code."""
    lines = cell.source.split("\n")
    if where == "current" and 1 <= number <= len(lines):
        return lines[number - 1]
    return None


def frames(finding: Finding, cell: CellInfo) -> tuple[Frame, ...]:
    """The code frames of a finding, one per cell or file, the one with the primary label first.

    Args:
        finding: its labels are drawn; without labels its location is marked, without a location there are no frames.
        cell: the checked cell, which gives the lines inside a span that the labels themselves do not carry.

    Returns:
        Frames whose lines are in order and ready to show: no control characters, tabs expanded, columns to match.
    """
    labels = finding.labels
    if not labels and finding.location is not None:
        labels = (Label(finding.location, "", True),)
    groups: dict[tuple[str | int | None, str | None], list[Label]] = {}
    for label in sorted(labels, key=lambda label: not label.primary):
        groups.setdefault((label.location.cell, label.location.file), []).append(label)
    return tuple(Frame(group[0].location, _lines(group, cell)) for group in groups.values())


def _lines(labels: list[Label], cell: CellInfo) -> tuple[CodeLine, ...]:
    lines: dict[int, CodeLine] = {}
    for label in labels:
        pieces = list(_pieces(label, cell))
        for index, (number, code, start, end) in enumerate(pieces):
            mark = Mark(start, end, label.text if index == len(pieces) - 1 else "", label.primary)
            line = lines.get(number, CodeLine(number, code))
            lines[number] = replace(line, marks=(*line.marks, mark))
    where = labels[0].location.cell
    for number in sorted(lines):
        between = source_line(cell, where, number + 1)
        if number + 1 not in lines and number + 2 in lines and between is not None:
            lines[number + 1] = CodeLine(number + 1, between)
    return tuple(shown(lines[number]) for number in sorted(lines))


def _pieces(label: Label, cell: CellInfo) -> Iterator[tuple[int, str, int, int]]:
    """One (line, code, start, end) for each line of the label's span whose code is known, the middle of a long span left out."""
    at = label.location
    given = at.code.split("\n")
    # A block that is pointed out beside the guilty code is named by its first line; all of its lines would drown the code.
    last = max(at.end_line, at.line) if label.primary else at.line
    numbers = list(range(at.line, min(last, at.line + LONGEST_SPAN) + 1))
    if last - at.line > LONGEST_SPAN:
        numbers = [at.line, at.line + 1, last]
    for number in numbers:
        offset = number - at.line
        code = given[offset] if offset < len(given) else source_line(cell, at.cell, number)
        if code is None:
            return
        indent = len(code) - len(code.lstrip())
        start = at.column if number == at.line else indent
        end = at.end_column if number == at.end_line else len(code.rstrip())
        yield number, code, start, end


def shown(line: CodeLine) -> CodeLine:
    """`line` with tabs expanded and control characters spelled out, the marks moved along and kept inside the line."""
    columns: list[int] = []
    parts: list[str] = []
    length = column = 0
    for char in line.code.rstrip():
        columns.append(length)
        part = " " * (TAB - column % TAB) if char == "\t" else visible(char)
        parts.append(part)
        length += len(part)
        column += text_width(part)
    columns.append(length)

    def moved(mark: Mark) -> Mark:
        start = columns[max(0, min(mark.start, len(columns) - 1))]
        end = columns[max(0, min(mark.end, len(columns) - 1))]
        return replace(mark, start=start, end=max(end, start + 1))

    return CodeLine(line.number, "".join(parts), tuple(map(moved, line.marks)))


def window(line: CodeLine, width: int) -> CodeLine:
    """The part of a shown line that fits `width` columns and holds its first primary mark; cut ends become an ellipsis."""
    code = line.code
    if text_width(code) <= width:
        return line
    focus = min(line.marks, key=lambda mark: not mark.primary, default=Mark(0, 0, "", False))
    everything = Mark(min([m.start for m in line.marks], default=0), max([m.end for m in line.marks], default=0), "", False)
    if text_width(code[everything.start : everything.end]) <= width - 2:
        focus = everything
    spare = max(width - 2 - text_width(code[focus.start : focus.end]), 0)
    start, taken = min(focus.start, len(code)), 0
    # The beginning of a line says what it does, so it is kept whenever the marks then still fit.
    lead = spare if text_width(code[: focus.start]) <= spare else spare // 2
    while start > 0 and taken + char_width(code[start - 1]) <= lead:
        start -= 1
        taken += char_width(code[start])
    end, taken = start, 0
    while end < len(code) and taken + char_width(code[end]) <= width - 2:
        taken += char_width(code[end])
        end += 1
    head, tail = (ELLIPSIS if start else ""), (ELLIPSIS if end < len(code) else "")

    def moved(mark: Mark) -> Mark:
        first = max(min(mark.start, end) - start, -len(head)) + len(head)
        last = max(min(mark.end, end + len(tail)) - start, -len(head)) + len(head)
        return replace(mark, start=first, end=max(last, first + 1))

    return CodeLine(line.number, head + code[start:end] + tail, tuple(map(moved, line.marks)))


def segments(line: CodeLine) -> list[tuple[str, Mark | None]]:
    """The code of a shown line in pieces, each with the mark it belongs to; where marks overlap, the innermost wins."""
    owner: list[Mark | None] = [None] * len(line.code)
    for mark in sorted(line.marks, key=lambda mark: (mark.start - mark.end, mark.primary)):
        for index in range(mark.start, min(mark.end, len(owner))):
            owner[index] = mark
    pieces: list[tuple[str, Mark | None]] = []
    for char, owned in zip(line.code, owner, strict=True):
        if pieces and pieces[-1][1] is owned:
            pieces[-1] = (pieces[-1][0] + char, owned)
        else:
            pieces.append((char, owned))
    return pieces
