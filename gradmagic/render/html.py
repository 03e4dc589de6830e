"""The report as static HTML: no script, every style inline, readable with all of them stripped."""

from __future__ import annotations

import base64
import re
from html import escape

from gradmagic.render.snippet import Frame, clean, frames_of, old_lines, place_of, segments
from gradmagic.render.svg import flow_svg
from gradmagic.render.words import COLORS, ICONS, number, shape_text
from gradmagic.report import Finding, Fix, GradientCall, Report, VariableReport

MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12px;line-height:1.5"
BOX = "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:10px 12px;margin:8px 0"
FOLD_FROM = 12
PAGE_STYLE = """
:root{color-scheme:light dark}
body{font-family:system-ui,sans-serif;font-size:14px;line-height:1.5;max-width:1100px;margin:24px auto;padding:0 16px}
@media print{details{display:block}details>*{display:block}}
"""


def to_html(report: Report) -> str:
    """The report as a fragment of HTML for saved notebooks, GitHub, nbviewer and print. Everything from the user's code is escaped."""
    parts = [f'<div style="max-width:1100px;overflow-wrap:anywhere"><p style="font-size:15px;margin:4px 0 8px"><b>{_verdict(report)}</b> {_inline(report.summary)}</p>']
    parts += [_accepted(f) if f.accepted else _finding(f, report) for f in report.findings]
    parts += [_table(c, report) for c in report.calls]
    parts += [f"<p>note: {_inline(f)}</p>" for f in report.failures]
    if report.raised is not None:
        parts.append(f"<p>The cell raised <code>{escape(clean(report.raised.type))}</code>.</p>")
    o = report.overhead
    parts.append(f'<p style="opacity:.75;font-size:12px">checked {o.ops_recorded} ops: {o.cell_seconds:.2f} s for the cell, {o.check_seconds:.2f} s for the report</p>')
    for call in report.calls[:4]:
        if call.graph.nodes:
            picture = base64.b64encode(flow_svg(call.graph).encode()).decode()
            described = f"Flow of the gradient, {place_of(call.location)}: {len(call.graph.nodes)} nodes"
            parts.append(f'<img style="max-width:100%" alt="{escape(clean(described), quote=True)}" src="data:image/svg+xml;base64,{picture}">')
    return "\n".join(parts) + "</div>"


def to_html_page(report: Report) -> str:
    """The report as a page of its own."""
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>gradmagic report</title><style>{PAGE_STYLE}</style></head><body>{to_html(report)}</body></html>'


def _verdict(report: Report) -> str:
    word = {"ok": ("✓", "ok"), "warning": ("!", "warning"), "error": ("✗", "error")}[report.verdict]
    return f'<span style="color:{COLORS[word[1]]}">{word[0]} {report.verdict}</span>'


def _inline(text: str) -> str:
    """Text with its backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(clean(text)))


def _accepted(finding: Finding) -> str:
    return f'<p style="opacity:.75">accepted <code>{escape(finding.rule)}</code>: {_inline(finding.message)} ({escape(clean(place_of(finding.location)))})</p>'


def _finding(finding: Finding, report: Report) -> str:
    color = COLORS[finding.severity]
    likely = " (likely)" if finding.certainty == "likely" else ""
    parts = [
        f'<div style="{BOX};border-left:4px solid {color}"><p style="margin:0 0 6px"><b><span style="color:{color}">{finding.severity}</span> '
        f"<code>{escape(finding.rule)}</code>{likely}</b>: {_inline(finding.message)}</p>"
    ]
    parts += [_frame(frame, color) for frame in frames_of(finding)]
    for block in finding.body.split("\n\n"):
        if block.startswith("    "):
            parts.append(f'<pre style="{MONO};margin:6px 0">{escape(clean(block))}</pre>')
        elif block:
            parts.append(f'<p style="margin:6px 0">{_inline(block)}</p>')
    parts += [f'<p style="margin:6px 0"><b>note</b>: {_inline(n)}</p>' for n in finding.notes]
    if finding.help:
        parts.append(f'<p style="margin:6px 0"><b>help</b>: {_inline(finding.help)}</p>')
    parts += [_fix(f, finding, report) for f in finding.fixes]
    return "\n".join(parts) + "</div>"


def _frame(frame: Frame, color: str) -> str:
    rows = [f"{' ' * 4} {escape(clean(frame.place))}"]
    for line in frame.lines:
        text = []
        for piece, mark in segments(line):
            if mark is None:
                text.append(escape(piece))
            else:
                style = f"border-bottom:2px solid {color};font-weight:bold" if mark.primary else "border-bottom:2px dotted currentColor"
                text.append(f'<span style="{style}">{escape(piece)}</span>')
        rows.append(f"{line.number:>4} {''.join(text)}")
        rows += [f"     {' ' * mark.start}{'↑' if mark.primary else '·'} {escape(clean(mark.text))}" for mark in line.marks if mark.text]
    return f'<pre style="{MONO};overflow-x:auto;margin:6px 0;padding:8px;background:rgba(128,128,128,.1);border-radius:4px">' + "\n".join(rows) + "</pre>"


def _fix(fix: Fix, finding: Finding, report: Report) -> str:
    rows = []
    for edit in fix.edits:
        where = "this cell" if edit.cell == "current" else f"cell [{edit.cell}]"
        rows.append(f"{where}, line {edit.start_line}" + (f"–{edit.end_line}" if edit.end_line != edit.start_line else ""))
        rows += [f"- {escape(clean(row))}" for row in old_lines(report, finding, edit)]
        rows += [f"+ {escape(clean(row))}" for row in edit.replacement.split("\n")]
    code = f'<pre style="{MONO};overflow-x:auto;margin:4px 0;padding:8px;background:rgba(26,127,75,.12);border-radius:4px">' + "\n".join(rows) + "</pre>" if rows else ""
    return f'<p style="margin:6px 0 0"><b>fix</b> ({fix.applicability}): {_inline(fix.title)}</p>{code}'


def _table(call: GradientCall, report: Report) -> str:
    healthy = [v for v in call.variables if v.status == "ok"]
    fold = len(call.variables) > FOLD_FROM and len(healthy) > 4
    shown = [v for v in call.variables if v.status != "ok"] if fold else list(call.variables)
    times = f", {call.count} times" if call.count > 1 else ""
    target = f" of <code>{escape(clean(call.target.name))}</code>" if call.target is not None else ""
    parts = [f'<p style="margin:12px 0 4px"><b>{escape(call.kind)}</b>{target}, {escape(clean(place_of(call.location)))}{times}</p>']
    if shown:
        parts.append(_rows(shown, report))
    if fold:
        parts.append(f"<details><summary>✓ {len(healthy)} more with a gradient that is finite and not zero</summary>{_rows(healthy, report)}</details>")
    return "\n".join(parts)


def _rows(variables: list[VariableReport], report: Report) -> str:
    cell = 'style="padding:3px 10px 3px 0;text-align:left;white-space:nowrap"'
    heads = "".join(f"<th {cell}>{h}</th>" for h in ("variable", "shape", "status", "norm", "ratio", "cause"))
    rows = []
    for v in variables:
        cause = report.findings[v.findings[0]].rule if v.findings and v.findings[0] < len(report.findings) else ""
        shape = shape_text(v.shape)
        status = f'<span style="color:{COLORS[v.status]};font-weight:bold">{ICONS[v.status]} {v.status}</span>'
        values = (f"<code>{escape(clean(v.name))}</code>", escape(shape), status, number(v.grad.norm) if v.grad else "", number(v.ratio), escape(cause))
        rows.append("<tr>" + "".join(f"<td {cell}>{value}</td>" for value in values) + "</tr>")
    return f'<div style="overflow-x:auto"><table style="border-collapse:collapse;font-size:13px"><thead><tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
