"""A finding as HTML: the message, the marked code, why, and the fixes as diffs."""

from __future__ import annotations

from gradmagic.render import palette, wording
from gradmagic.render.characters import clip
from gradmagic.render.diff import hunks, place_of
from gradmagic.render.markup import Markup, join, tag
from gradmagic.render.page import page_html
from gradmagic.render.prose import MONO, inline, prose
from gradmagic.render.snippet import CodeLine, Frame, Mark, frames, segments, window
from gradmagic.report import CellInfo, Finding, Fix, Report

LONGEST_CODE = 300
LONGEST_QUOTE = 48

_BOX = f"font-family:{MONO};font-size:13px;background:rgba(128,128,128,.09);border-radius:6px;padding:8px 10px;margin:6px 0"
# Text keeps the colour of the theme around it, which is unknown; only tints, borders and filled labels carry colour.
_PRE = f"font-family:{MONO};font-size:13px;line-height:1.5;margin:0;padding:0 0 0 3em;text-indent:-3em;border:none;background:none;white-space:pre-wrap;word-break:break-word;text-align:left"
_NUMBER = "opacity:.6"
_PRIMARY = "background:rgba(230,100,30,.24);border-bottom:2px solid #e0601c"
_SECONDARY = "background:rgba(60,140,230,.2);border-bottom:2px dotted #3f8fe0;text-decoration:none"
_SIGN = {"-": "background:rgba(230,100,30,.16)", "+": "background:rgba(40,160,110,.2)", " ": ""}


def finding_html(finding: Finding, report: Report, *, opened: bool) -> Markup:
    """A finding with everything about it.

    Args:
        finding: one of the report's findings.
        report: gives the code of the cell and the long page of the rule.
        opened: whether it stands open; a closed one shows its message only.

    Returns:
        Markup in which every string of the report is escaped.
    """
    kind = wording.kind_of(finding)
    pill = f"background:{palette.SEVERITY_COLOR[kind]};color:#fff;print-color-adjust:exact;border-radius:4px;padding:1px 7px;font-size:12px"
    likely = " (likely)" if finding.certainty == "likely" else ""
    about = [
        tag("span", kind, style=pill),
        " ",
        tag("span", wording.name(finding.rule), style=f"font-family:{MONO};font-size:12px"),
        likely,
    ]
    message = tag("span", inline(wording.sentence(finding.message)), style="font-weight:600;word-break:break-word")
    body = join(*_body(finding, report))
    edge = f"border-left:4px solid {palette.SEVERITY_COLOR[kind]};padding:2px 0 2px 12px;margin:12px 0"
    if opened:
        head = tag("h4", message, style="font-size:15px;line-height:1.4;margin:2px 0 4px;font-weight:600")
        return tag("div", head, tag("div", *about, style="margin:0 0 4px"), body, style=edge)
    return tag("div", tag("details", tag("summary", *about, " ", message), body), style=edge)


def _body(finding: Finding, report: Report) -> list[Markup]:
    parts = [_frame(frame, report.cell) for frame in frames(finding, report.cell)]
    parts.append(prose(finding.body))
    parts += [tag("p", tag("b", "note:"), " ", inline(note), style="margin:6px 0;word-break:break-word") for note in finding.notes]
    if finding.help:
        parts.append(tag("p", tag("b", "help:"), " ", inline(finding.help), style="margin:6px 0;word-break:break-word"))
    parts += [_fix(fix, finding, report.cell) for fix in finding.fixes]
    rule = report.rules.get(finding.rule)
    if rule is not None and rule.doc.strip():
        page = Markup(page_html(finding.rule, rule.doc))
        summary = tag("summary", f"More about {wording.name(finding.rule)}", style="padding:2px 0")
        parts.append(tag("details", summary, page, style="margin:6px 0"))
    return parts


def _frame(frame: Frame, cell: CellInfo) -> Markup:
    where = tag("div", wording.place(frame.location, cell), style="font-size:12px;opacity:.8;word-break:break-word")
    parts: list[Markup] = [where]
    previous = None
    gutter = len(str(frame.lines[-1].number)) if frame.lines else 1
    for line in frame.lines:
        if previous is not None and line.number > previous + 1:
            parts.append(tag("div", "…", style="opacity:.6"))
        parts += _code_line(window(line, LONGEST_CODE), gutter)
        previous = line.number
    return tag("div", *parts, style=_BOX)


def _code_line(line: CodeLine, gutter: int) -> list[Markup]:
    pieces = [tag("span", f"{line.number:>{gutter}} ", style=_NUMBER), " "]
    for code, mark in segments(line):
        pieces.append(code if mark is None else _marked(code, mark))
    spoken = sorted((mark for mark in line.marks if mark.text), key=lambda mark: (not mark.primary, mark.start))
    made = [tag("pre", *pieces, style=_PRE)]
    for mark in spoken:
        # One label on a line needs no quotation; of several, the reader must know which is meant, also without colours.
        quote = clip(line.code[mark.start : mark.end].strip(), LONGEST_QUOTE) if len(line.marks) > 1 else ""
        lead = _marked(quote or "↑", mark)
        said = tag("span", inline(wording.sentence(mark.text)), style="font-family:system-ui,sans-serif")
        style = "padding:2px 0 3px 3em;line-height:1.4;word-break:break-word"
        made.append(tag("div", lead, ": " if quote else " ", said, style=style))
    return made


def _marked(code: str, mark: Mark) -> Markup:
    return tag("b", code, style=_PRIMARY) if mark.primary else tag("u", code, style=_SECONDARY)


def _fix(fix: Fix, finding: Finding, cell: CellInfo) -> Markup:
    title = tag(
        "p",
        tag("b", "fix:"),
        " ",
        inline(wording.sentence(fix.title)),
        " ",
        tag("span", "(", inline(wording.fix_state(fix)), ")", style="opacity:.8"),
        style="margin:8px 0 4px;word-break:break-word",
    )
    parts: list[Markup] = [title]
    for hunk in hunks(fix, finding, cell):
        where = place_of(hunk, finding)
        lines = [tag("div", where, style="font-size:12px;opacity:.8")] if where else []
        gutter = max((len(str(line.number)) for line in hunk.lines), default=1)
        for line in hunk.lines:
            number = tag("span", f"{line.number:>{gutter}}", style=_NUMBER)
            lines.append(tag("pre", number, f" {line.sign} {line.text}", style=f"{_PRE};{_SIGN[line.sign]}"))
        parts.append(tag("div", *lines, style=_BOX))
    return join(*parts)
