"""A report as text, for terminals and logs, with code frames in the manner of a compiler."""

from __future__ import annotations

from gradmagic.render import wording
from gradmagic.render.characters import clip, clip_middle, pad, text_width, visible, wrap
from gradmagic.render.diff import hunks, place_of
from gradmagic.render.prose import LONGEST_FORMULA
from gradmagic.render.snippet import CodeLine, Frame, Mark, frames, window
from gradmagic.render.table import Folded, Row, fold, rows
from gradmagic.report import CellInfo, Finding, Fix, GradientCall, Report

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "accepted": "1;36",
    "ok": "32",
    "bold": "1",
    "dim": "2",
    "primary": "1;31",
    "secondary": "1;34",
    "-": "31",
    "+": "32",
}
_NARROWEST_LABEL = 24
_NARROWEST_NAME = 16
_READABLE_NAME = 40


class _Ink:
    """Puts ANSI colours around text when there are to be any."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.color and text else text


def to_text(report: Report, *, color: bool = False, width: int = 100, quiet: bool = False) -> str:
    """The report for a terminal or a log.

    Args:
        report: what a check yielded.
        color: use ANSI colours. Escape sequences that are part of names or code never get through, whatever this says.
        width: the number of columns that prose, code and the table are fitted to. Messages stay on one line.
        quiet: show only what is wrong: no notes, no accepted findings, no healthy variables, and one line when all is well.

    Returns:
        Lines without a newline at the end.
    """
    ink, width = _Ink(color), max(width, 40)
    found = [f for f in report.findings if not (quiet and wording.kind_of(f) in ("note", "accepted"))]
    word = wording.verdict_word(report)
    blocks = [[ink("note" if word == "not judged" else word, f"{wording.VERDICT_ICONS[word]} ") + ink("bold", wording.sentence(report.summary))]]
    raised = wording.raised_line(report)
    if raised is not None:
        blocks[0].append(raised)
    since = wording.since_line(report)
    if since is not None:
        blocks[0] += wrap(since, width)
    blocks += [_finding(finding, report.cell, ink, width) for finding in found]
    if not (quiet and report.verdict == "ok"):
        blocks += [_call(call, report, ink, width, quiet) for call in report.calls]
    if report.updates and not quiet:
        updates = (wording.update_line(update, report.cell) for update in report.updates)
        blocks.append([line for update in updates for line in _hanging("Update: ", update, width)])
    if report.failures:
        blocks.append([line for text in report.failures for line in wrap(visible(text), width)])
    if not quiet:
        blocks.append(_footer(found, report, ink, width))
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block)


def _footer(found: list[Finding], report: Report, ink: _Ink, width: int) -> list[str]:
    lines = wrap(wording.cost_line(report), width)
    named = [f.rule for f in found if not f.accepted]
    if named:
        lines.append(f"More about a cause: %gradcheck explain {wording.name(named[0])}")
    return [ink("dim", line) for line in lines]


def _finding(finding: Finding, cell: CellInfo, ink: _Ink, width: int) -> list[str]:
    kind = wording.kind_of(finding)
    head = ink(kind, f"{kind}[{wording.name(finding.rule)}]")
    likely = " (likely)" if finding.certainty == "likely" else ""
    lines = [head + ink("bold", f"{likely}: {wording.sentence(finding.message)}")]
    if finding.accepted:
        if finding.location is not None:
            lines.append(ink("secondary", " --> ") + wording.place(finding.location, cell))
        return lines
    lines += frame_lines(finding, cell, color=ink.color, width=width)
    if finding.body:
        lines += ["", *_prose(finding.body, width)]
    rest = [line for note in finding.notes for line in _hanging("  note: ", visible(note), width)]
    if finding.help:
        rest += _hanging("  help: ", visible(finding.help), width)
    for fix in finding.fixes:
        rest += _fix(fix, finding, cell, ink, width)
    return [*lines, "", *rest] if rest else lines


def frame_lines(finding: Finding, cell: CellInfo, *, color: bool = False, width: int = 100) -> list[str]:
    """The marked code of a finding.

    Args:
        finding: its labels are drawn, or its location if it has none.
        cell: the checked cell.
        color: use ANSI colours.
        width: the number of columns to fit the code to.

    Returns:
        Lines, none for a finding without a place.
    """
    ink = _Ink(color)
    lines: list[str] = []
    shown = frames(finding, cell)
    gutter = max((len(str(line.number)) for frame in shown for line in frame.lines), default=1)
    for index, frame in enumerate(shown):
        lines += _frame(frame, "-->" if index == 0 else ":::", gutter, cell, ink, width)
    return lines


def _prose(text: str, width: int) -> list[str]:
    """Paragraphs wrapped, displayed formulas (four spaces) as they are, everything moved in by two columns."""
    lines: list[str] = []
    words: list[str] = []
    for raw in [*visible(text, keep="\n").split("\n"), ""]:
        if words and (not raw.strip() or raw.startswith("    ")):
            lines += ["  " + line for line in wrap(" ".join(words), width - 2)]
            words = []
        if not raw.strip():
            lines += [""] if lines and lines[-1] else []
        elif raw.startswith("    "):
            lines.append("  " + clip(raw.rstrip(), LONGEST_FORMULA))
        else:
            words.append(raw.strip())
    return lines[:-1] if lines and not lines[-1] else lines


def _hanging(lead: str, text: str, width: int) -> list[str]:
    first, *more = wrap(text, width - len(lead))
    return [lead + first, *(" " * len(lead) + line for line in more)]


def _frame(frame: Frame, arrow: str, gutter: int, cell: CellInfo, ink: _Ink, width: int) -> list[str]:
    blank = " " * gutter
    lines = [f"{blank}{ink('secondary', arrow)} {wording.place(frame.location, cell)}", ink("secondary", f"{blank} |")]
    previous = None
    for line in frame.lines:
        if previous is not None and line.number > previous + 1:
            lines.append(ink("secondary", "..."))
        fitted = window(line, max(width - gutter - 3, 20))
        number = ink("secondary", f"{line.number:>{gutter}} |")
        lines.append(f"{number} {fitted.code}")
        lines += [f"{ink('secondary', f'{blank} |')} {row}" for row in _mark_rows(fitted, width - gutter - 3, ink)]
        previous = line.number
    return lines


def _mark_rows(line: CodeLine, width: int, ink: _Ink) -> list[str]:
    lines: list[str] = []
    silent = [mark for mark in line.marks if not mark.text]
    spoken = sorted((mark for mark in line.marks if mark.text), key=lambda mark: (not mark.primary, mark.start))
    for mark in [m for m in silent if not any((m.start, m.end) == (s.start, s.end) for s in spoken)] + spoken:
        lines += _mark(mark, line.code, width, ink)
    return lines


def _mark(mark: Mark, code: str, width: int, ink: _Ink) -> list[str]:
    style = "primary" if mark.primary else "secondary"
    start = text_width(code[: mark.start])
    length = max(text_width(code[mark.start : mark.end]), 1)
    signs = " " * start + ink(style, ("^" if mark.primary else "-") * length)
    if not mark.text:
        return [signs]
    text = wording.sentence(mark.text)
    column = start + length + 1
    if text_width(text) <= width - column or width - column >= 2 * _NARROWEST_LABEL:
        first, *more = wrap(text, width - column)
        return [f"{signs} {ink(style, first)}", *(" " * column + ink(style, part) for part in more)]
    column = max(min(start, width - max(_NARROWEST_LABEL, min(text_width(text), width))), 0)
    return [signs, *(" " * column + ink(style, part) for part in wrap(text, width - column))]


def _fix(fix: Fix, finding: Finding, cell: CellInfo, ink: _Ink, width: int) -> list[str]:
    lines = _hanging("  ", f"fix ({wording.fix_state(fix)}): {wording.sentence(fix.title)}", width)
    lines = [lines[0], *("  " + line for line in lines[1:])]
    for hunk in hunks(fix, finding, cell):
        where = place_of(hunk, finding)
        lines += [f"        {where}"] if where else []
        gutter = max((len(str(line.number)) for line in hunk.lines), default=1)
        for line in hunk.lines:
            text = f"{line.number:>{gutter}} {line.sign} {line.text}"
            lines.append("        " + (ink(line.sign, text) if line.sign != " " else text))
    return lines


def _call(call: GradientCall, report: Report, ink: _Ink, width: int, quiet: bool) -> list[str]:
    everything = rows(call, report)
    if quiet:
        everything = [row for row in everything if not row.healthy and not row.accepted]
        if not everything:
            return []
    return [wording.call_title(call, report.cell), *_table(everything, ink, width)]


def _table(all_rows: list[Row], ink: _Ink, width: int) -> list[str]:
    folded = fold(all_rows)
    shown = [row for row in folded if isinstance(row, Row)]
    columns = {
        "variable": [row.name for row in shown],
        "shape": [row.shape for row in shown],
        "gradient": [f"{row.icon} {row.word}" for row in shown],
        "norm": [row.norm for row in shown],
        "ratio": [row.ratio for row in shown],
        "zeros": [row.zeros for row in shown],
        "trend": [row.trend for row in shown],
        "cause": [row.cause for row in shown],
        "line": [row.line for row in shown],
    }
    for informative in ("norm", "ratio", "zeros", "trend", "cause", "line"):
        if {"", wording.NOTHING}.issuperset(columns[informative]):
            del columns[informative]
    for optional in ("trend", "shape", "ratio", "zeros", "norm"):
        if optional in columns and _total(columns, _READABLE_NAME) > width:
            del columns[optional]
    spare = width - _total(columns, 0)
    columns["variable"] = [clip_middle(text, max(spare, _NARROWEST_NAME)) for text in columns["variable"]]
    widths = {head: max(map(text_width, [head, *cells])) for head, cells in columns.items()}
    numeric = ("norm", "ratio", "zeros")

    def line(cells: dict[str, str]) -> str:
        return "  " + "  ".join(pad(cells[head], widths[head], right=head in numeric) for head in columns)

    lines = [ink("dim", line({head: head for head in columns}).rstrip())] if shown else []
    index = 0
    for entry in folded:
        if isinstance(entry, Folded):
            lines.append(ink("dim", f"  … {entry.sentence}"))
            continue
        text = line({head: cells[index] for head, cells in columns.items()})
        lines.append(text if entry.healthy or entry.accepted else ink(_severity(entry), text.rstrip()))
        index += 1
    return lines


def _severity(row: Row) -> str:
    return "-" if row.status in ("none", "nan", "inf", "error") else "warning"


def _total(columns: dict[str, list[str]], name_at_most: int) -> int:
    """The width of the table when the names take no more than `name_at_most` columns."""
    total = 2
    for head, cells in columns.items():
        wanted = max(map(text_width, [head, *cells]))
        total += 2 + (min(wanted, name_at_most) if head == "variable" else wanted)
    return total - 2
