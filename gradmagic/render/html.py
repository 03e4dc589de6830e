"""A report as static HTML that survives every front end: inline styles only, no script, and legible with all styles stripped."""

from __future__ import annotations

import base64

from gradmagic.render import palette, wording
from gradmagic.render.html_finding import finding_html
from gradmagic.render.layout import layout
from gradmagic.render.live import live_parts, policy, script_text
from gradmagic.render.markup import Markup, join, tag
from gradmagic.render.plot_pictures import plot_pictures
from gradmagic.render.prose import inline
from gradmagic.render.svg import describe, flow_svg
from gradmagic.render.table import Folded, Row, fold, rows
from gradmagic.report import GradientCall, Report

# The live widget looks for it, labextension/src/twin.ts.
STATIC = "gradmagic-static"
FONT = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif"
# Beyond this, a saved notebook grows by megabytes for rows that nobody reads.
MOST_FOLDED = 10
OPEN_FINDINGS = 2

# JupyterLab aligns cells to the right and stripes rows, so both are set on every cell.
_LEFT = "text-align:left;padding:4px 14px 4px 0;vertical-align:top"
_RIGHT = "text-align:right;padding:4px 14px 4px 0;vertical-align:top;white-space:nowrap"
_MONO = "font-family:monospace;font-size:12px"
_NAME = f"{_LEFT};{_MONO};min-width:110px"
# Rows that fold away are many, and each of their cells repeats its style.
_BRIEF = "text-align:left;padding:2px 14px 2px 0"
_LINE = "border-top:1px solid rgba(128,128,128,.25);background:none"
_SMALL = "font-size:12px;opacity:.8;margin:8px 0"
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0 auto; padding: 20px; max-width: 1080px; background: #fff; color: #1f2328; }
@media (prefers-color-scheme: dark) { body { background: #14171a; color: #e6e8ea; } }
@media (max-width: 500px) { body { padding: 12px; } }
@media print {
  body { max-width: none; padding: 0; background: #fff; color: #000; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  div { overflow: visible !important; }
  img { min-width: 0 !important; }
  details::details-content { content-visibility: visible; height: auto; }
  pre, tr, img { break-inside: avoid; }
}
"""


def to_html(report: Report) -> str:
    """The report as an HTML fragment for a notebook's output.

    Args:
        report: what a check yielded. Every string in it is escaped.

    Returns:
        One ``div``: the sentence, the findings, the table of each gradient call, the cost and, last, the pictures.
    """
    parts = [_head(report)]
    numbered = list(enumerate(report.findings))
    parts += [finding_html(f, report, opened=i < OPEN_FINDINGS) for i, f in numbered if not f.accepted]
    parts += [_call(call, report) for call in report.calls]
    parts += [finding_html(f, report, opened=False) for _, f in numbered if f.accepted]
    small = [f"Update: {wording.update_line(update, report.cell)}" for update in report.updates]
    parts += [tag("p", inline(line), style=_SMALL) for line in [*small, wording.cost_line(report)]]
    parts += [_picture(call) for call in report.calls if call.graph.nodes]
    style = f"font-family:{FONT};font-size:14px;line-height:1.45;text-align:left;max-width:1080px;word-break:break-word"
    return tag("div", *parts, class_=STATIC, style=style)


def to_html_page(report: Report) -> str:
    """The report as a page of its own that needs nothing else: the live view, light or dark as the reader's system is; static where scripts are off, and fit to print.

    Args:
        report: what a check yielded.

    Returns:
        A whole HTML document.
    """
    script = script_text()
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        policy(script),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"Gradients: {wording.sentence(report.summary)}"),
        tag("style", Markup(_PAGE_STYLE)),
    )
    still = tag("div", Markup(to_html(report)), id="gradmagic-static")
    plots = tag("div", plot_pictures(report), style=f"font-family:{FONT};font-size:14px;max-width:1080px")
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", tag("main", still, plots), live_parts(report, script)), lang="en") + "\n"


def _head(report: Report) -> Markup:
    word = wording.verdict_word(report)
    disc = f"background:{palette.VERDICT_COLOR[word]};color:#fff;print-color-adjust:exact;border-radius:5px;padding:1px 8px;font-size:14px;white-space:nowrap"
    style = "font-size:17px;line-height:1.4;font-weight:600;margin:4px 0 10px"
    parts = [tag("h3", tag("span", f"{wording.VERDICT_ICONS[word]} {word}", style=disc), " ", inline(wording.sentence(report.summary)), style=style)]
    raised = wording.raised_line(report)
    if raised is not None:
        parts.append(tag("p", inline(raised), style="margin:0 0 10px;word-break:break-word"))
    since = wording.since_line(report)
    if since is not None:
        parts.append(tag("p", inline(since), style="margin:0 0 10px;word-break:break-word"))
    # What could not be done comes before what is built on the rest.
    noted = f"margin:0 0 10px;padding:3px 10px;border-left:4px solid {palette.ODD};background:rgba(138,90,0,.12);word-break:break-word"
    parts += [tag("p", inline(wording.sentence(failure)), style=noted) for failure in report.failures]
    return join(*parts)


def _call(call: GradientCall, report: Report) -> Markup:
    title = tag("p", inline(wording.call_title(call, report.cell)), style="margin:16px 0 4px;font-weight:600;word-break:break-word")
    folded = fold(rows(call, report))
    shown = [entry for entry in folded if isinstance(entry, Row)]
    parts = [title]
    if shown:
        parts.append(_table(shown))
    for entry in folded:
        if isinstance(entry, Folded):
            body = _table(list(entry.rows[:MOST_FOLDED]), brief=True)
            rest = len(entry.rows) - MOST_FOLDED
            more = tag("p", f"… {wording.count(rest, 'more row')} in the JSON of this report", style=_SMALL) if rest > 0 else ""
            parts.append(tag("details", tag("summary", entry.sentence, style="padding:4px 0"), body, more))
    return join(*parts)


def _table(shown: list[Row], *, brief: bool = False) -> Markup:
    """The table itself; a column in which no row has anything to say is left out."""
    columns: list[tuple[str, str, list[str]]] = [
        ("variable", _NAME, [row.name for row in shown]),
        ("gradient", _LEFT, [status_pill(row) for row in shown]),
    ]
    telling: list[tuple[str, str, list[str]]] = [
        ("cause", f"{_NAME};min-width:130px", [row.cause for row in shown]),
        ("line", f"{_LEFT};white-space:nowrap", [row.line for row in shown]),
        ("norm", _RIGHT, [row.norm for row in shown]),
        ("ratio", _RIGHT, [row.ratio for row in shown]),
        ("zeros", _RIGHT, [row.zeros for row in shown]),
        ("trend", f"{_LEFT};font-family:monospace;white-space:nowrap", [row.trend for row in shown]),
    ]
    columns += [column for column in telling if not {"", wording.NOTHING}.issuperset(column[2])]
    columns.append(("shape", f"{_LEFT};white-space:nowrap", [f"{row.shape} {row.dtype}" for row in shown]))
    head_style = "padding:4px 14px 4px 0;font-size:12px;font-weight:600;white-space:nowrap;text-align:"
    if brief:
        columns = [(head, _BRIEF.replace("left", "right") if style == _RIGHT else f"{_BRIEF};{_MONO}" if style == _NAME else _BRIEF, cells) for head, style, cells in columns]
    heads = [tag("th", head, scope="col", style=head_style + ("right" if style.startswith("text-align:right") else "left")) for head, style, _ in columns]
    first = tag("tr", *heads, style="background:none")
    body = [tag("tr", *(tag("td", cells[index], style=style) for _, style, cells in columns), style=_LINE) for index in range(len(shown))]
    table = tag(
        "table",
        tag("thead", first),
        tag("tbody", *body),
        style="border-collapse:collapse;margin:0;font-size:13px;table-layout:auto;border:none",
    )
    return tag("div", table, style="overflow-x:auto;max-width:100%")


def status_pill(row: Row) -> Markup:
    """The status of a row as icon and word; healthy ones stay plain so that the others stand out."""
    words = f"{row.icon} {row.word}"
    if row.healthy or row.accepted:
        return tag("span", words, style="white-space:nowrap")
    style = f"background:{palette.STATUS_COLOR[row.status]};color:#fff;print-color-adjust:exact;border-radius:4px;padding:1px 7px;white-space:nowrap"
    if row.status == "ok":
        style = f"border:1px solid {palette.ODD};border-radius:4px;padding:0 6px"
    return tag("span", words, style=style)


def _picture(call: GradientCall) -> Markup:
    placed = layout(call.graph)
    drawn = base64.b64encode(flow_svg(call.graph, placed).encode("utf-8")).decode("ascii")
    # It shrinks with the page only as far as its words stay legible; below that it scrolls.
    wide = max(placed.width, 336)
    style = f"display:block;width:100%;max-width:{wide:.0f}px;min-width:{0.75 * wide:.0f}px"
    image = tag("img", src=f"data:image/svg+xml;base64,{drawn}", alt=describe(call.graph), style=style)
    return tag("div", image, style="overflow-x:auto;max-width:100%;margin:12px 0 4px")
