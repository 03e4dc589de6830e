"""A report as Markdown, for issues, pull requests and chats."""

from __future__ import annotations

import re

from gradmagic.render import wording
from gradmagic.render.characters import visible
from gradmagic.render.diff import hunks, place_of
from gradmagic.render.prose import LONGEST_FORMULA, blocks
from gradmagic.render.table import Folded, Row, fold, rows
from gradmagic.render.text import frame_lines
from gradmagic.report import Finding, GradientCall, Report

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$@])")
_CODE = re.compile(r"(`+)")


def to_markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown.

    Args:
        report: what a check yielded. Names, code and messages cannot start markup, HTML or mentions of their own.

    Returns:
        Text that ends with a newline: the sentence, the findings with code frames and diffs, the tables, the cost.
    """
    parts = [f"## {wording.VERDICT_ICONS[wording.verdict_word(report)]} {prose_line(wording.sentence(report.summary))}"]
    raised = wording.raised_line(report)
    if raised is not None:
        parts.append(prose_line(raised))
    since = wording.since_line(report)
    if since is not None:
        parts.append(prose_line(since))
    for finding in report.findings:
        parts += _finding(finding, report)
    for call in report.calls:
        parts += _call(call, report)
    parts += [f"Update: {prose_line(wording.update_line(update, report.cell))}" for update in report.updates]
    parts += [prose_line(wording.sentence(failure)) for failure in report.failures]
    parts.append(f"<sub>{escaped(wording.cost_line(report))}</sub>")
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """`text` as Markdown that shows exactly these characters."""
    return _SPECIAL.sub(r"\\\1", visible(text))


def code(text: str) -> str:
    """`text` as a code span, whatever backticks it holds."""
    shown = visible(text)
    longest = max((len(run) for run in _CODE.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest or shown != shown.strip() else ""
    return f"{fence}{space}{shown}{space}{fence}" if shown else ""


def prose_line(text: str) -> str:
    """One run of text of the report: what stands in backticks becomes code, all else is escaped."""
    pieces = visible(text).split("`")
    if len(pieces) % 2 == 0:
        return escaped(text)
    return "".join(code(piece) if index % 2 else escaped(piece) for index, piece in enumerate(pieces))


def _fenced(lines: list[str], language: str = "") -> str:
    longest = max((len(run) for line in lines for run in _CODE.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *(line.rstrip() for line in lines), fence])


def _finding(finding: Finding, report: Report) -> list[str]:
    likely = " (likely)" if finding.certainty == "likely" else ""
    kind = wording.kind_of(finding)
    parts = [f"### {kind}: {prose_line(wording.sentence(finding.message))}", f"{code(wording.name(finding.rule))}{likely}"]
    if finding.accepted:
        where = "" if finding.location is None else f", {escaped(wording.place(finding.location, report.cell))}"
        return [parts[0], parts[1] + where]
    framed = frame_lines(finding, report.cell)
    parts += [_fenced(framed)] if framed else []
    for block, piece in blocks(finding.body):
        if block == "p":
            parts.append(prose_line(piece))
        else:
            parts.append(_fenced([visible(line)[:LONGEST_FORMULA] for line in piece.split("\n")]))
    parts += [f"**note:** {prose_line(note)}" for note in finding.notes]
    parts += [f"**help:** {prose_line(finding.help)}"] if finding.help else []
    for fix in finding.fixes:
        state = prose_line(wording.fix_state(fix))
        parts.append(f"**fix:** {prose_line(wording.sentence(fix.title))} ({state})")
        for hunk in hunks(fix, finding, report.cell):
            where = place_of(hunk, finding)
            head = [f"# {where}"] if where else []
            parts.append(_fenced([*head, *(f"{line.sign}{line.text}" for line in hunk.lines)], "diff"))
    return parts


def _call(call: GradientCall, report: Report) -> list[str]:
    everything = fold(rows(call, report))
    shown = [entry for entry in everything if isinstance(entry, Row)]
    lines = ["| variable | gradient | norm | ratio | zeros | cause | line | shape |", "|---|---|--:|--:|--:|---|---|---|"]
    for row in shown:
        cells = (cell(row.name), escaped(f"{row.icon} {row.word}"), row.norm, row.ratio, row.zeros)
        rest = (cell(row.cause), escaped(row.line), escaped(row.shape))
        lines.append("| " + " | ".join((*cells, *rest)) + " |")
    parts = [f"**{prose_line(wording.call_title(call, report.cell))}**"]
    parts += ["\n".join(lines)] if shown else []
    parts += [f"… {escaped(entry.sentence)}" for entry in everything if isinstance(entry, Folded)]
    return parts


def cell(text: str) -> str:
    """`text` as code inside a table, where a bar would end the cell even within backticks."""
    return code(text).replace("|", "\\|")
