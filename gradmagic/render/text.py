"""The report as text, for terminals, logs and CI."""

from __future__ import annotations

import textwrap

from gradmagic.render.snippet import clean, frames_of, old_lines, place_of, width_of
from gradmagic.render.words import ICONS, number, shape_text
from gradmagic.report import Finding, Fix, GradientCall, Report, VariableReport

COLORS = {"error": "31", "warning": "33", "note": "36", "ok": "32", "dim": "2", "bold": "1"}
FOLD_FROM = 12


def to_text(report: Report, *, color: bool = False, width: int = 100, quiet: bool = False) -> str:
    """The report as plain text of about `width` columns; ANSI colours with `color`; without healthy rows with `quiet`."""
    paint = _Paint(color)
    icon = {"ok": "✓", "warning": "!", "error": "✗"}[report.verdict]
    parts = [paint(f"{icon} {clean(report.summary)}", report.verdict, bold=True)]
    for finding in report.findings:
        if finding.accepted:
            parts.append(paint(f"accepted[{finding.rule}]: {clean(finding.message)} ({place_of(finding.location)})", "dim"))
        else:
            parts.append(_finding(finding, report, paint, width))
    for call in report.calls:
        parts.append(_table(call, report, paint, quiet))
    for failure in report.failures:
        parts.append(paint(f"note: {clean(failure)}", "note"))
    if report.raised is not None:
        parts.append(f"The cell raised {clean(report.raised.type)}; it is shown below.")
    parts.append(paint(_cost(report), "dim"))
    return "\n\n".join(part for part in parts if part)


class _Paint:
    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, text: str, kind: str, *, bold: bool = False) -> str:
        if not self.on:
            return text
        return f"\x1b[{'1;' if bold else ''}{COLORS[kind]}m{text}\x1b[0m"


def _finding(finding: Finding, report: Report, paint: _Paint, width: int) -> str:
    head = f"{finding.severity}[{finding.rule}]"
    likely = " (likely)" if finding.certainty == "likely" else ""
    lines = [paint(head, finding.severity, bold=True) + f"{likely}: {clean(finding.message)}"]
    for frame in frames_of(finding):
        gutter = len(str(frame.lines[-1].number))
        lines.append(f"{' ' * gutter}--> {clean(frame.place)}")
        lines.append(f"{' ' * gutter} |")
        for line in frame.lines:
            lines.append(f"{line.number:>{gutter}} | {line.code}")
            for mark in reversed(line.marks):
                sign = "^" if mark.primary else "-"
                pad = " " * width_of(line.code[: mark.start])
                under = sign * max(1, width_of(line.code[mark.start : mark.end]))
                lines.append(f"{' ' * gutter} | {pad}" + paint(f"{under} {clean(mark.text)}".rstrip(), finding.severity if mark.primary else "note"))
    if finding.body:
        lines += ["", _wrapped(clean(finding.body), width)]
    lines += [""] * bool(finding.notes or finding.help or finding.fixes)
    lines += [_hanging("note: ", clean(note), width) for note in finding.notes]
    if finding.help:
        lines.append(_hanging("help: ", clean(finding.help), width))
    for fix in finding.fixes:
        lines += _fix(fix, finding, report, paint)
    return "\n".join(lines)


def _fix(fix: Fix, finding: Finding, report: Report, paint: _Paint) -> list[str]:
    verified = ""
    if fix.verified is not None:
        verified = ", verified: " + ", ".join(f"{name} {status}" for name, status in list(fix.verified.statuses_after.items())[:4])
    lines = [f"  fix ({fix.applicability}{verified}): {clean(fix.title)}"]
    for edit in fix.edits:
        if edit.cell != "current":
            lines.append(f"      in cell [{edit.cell}]:")
        old = old_lines(report, finding, edit)
        lines += [paint(f"      {edit.start_line + i:>3} - {clean(row)}", "error") for i, row in enumerate(old)]
        lines += [paint(f"      {edit.start_line + i:>3} + {clean(row)}", "ok") for i, row in enumerate(edit.replacement.split("\n"))]
    return lines


def _wrapped(text: str, width: int) -> str:
    blocks = []
    for block in text.split("\n\n"):
        if block.startswith("    "):
            blocks.append(textwrap.indent(block, "  "))
        else:
            blocks.append(textwrap.fill(" ".join(block.split()), width, initial_indent="  ", subsequent_indent="  ", break_long_words=False))
    return "\n\n".join(blocks)


def _hanging(head: str, text: str, width: int) -> str:
    return textwrap.fill(" ".join(text.split()), width, initial_indent="  " + head, subsequent_indent=" " * (len(head) + 2), break_long_words=False)


def _table(call: GradientCall, report: Report, paint: _Paint, quiet: bool) -> str:
    times = f", {call.count} times" if call.count > 1 else ""
    bad = f", first bad in run {call.first_bad + 1}" if call.first_bad is not None and call.count > 1 else ""
    target = f" of `{clean(call.target.name)}`" if call.target is not None else ""
    value = f" = {number(call.target.value)}" if call.target is not None and call.target.value is not None else ""
    head = f"{clean(call.kind)}{target}{value}, {place_of(call.location)}{times}{bad}"
    rows = [v for v in call.variables if v.status != "ok" or not quiet]
    healthy = [v for v in rows if v.status == "ok"]
    folded = len(healthy) if len(call.variables) > FOLD_FROM and len(healthy) > 4 else 0
    shown = [v for v in rows if v.status != "ok"] if folded else rows
    cells = [_row(v, report) for v in shown]
    titles = ("variable", "shape", "status", "norm", "ratio", "zeros", "cause")
    sizes = [max(width_of(row[i]) for row in [titles, *cells]) for i in range(len(titles))]
    lines = [head]
    if cells:
        lines.append("  " + "  ".join(t.ljust(s) for t, s in zip(titles, sizes, strict=True)).rstrip())
    for v, row in zip(shown, cells, strict=True):
        text = "  ".join(c + " " * (s - width_of(c)) for c, s in zip(row, sizes, strict=True)).rstrip()
        lines.append("  " + (text if v.status == "ok" else paint(text, "error" if v.status not in ("vanishing", "exploding") else "warning")))
    if folded:
        lines.append(paint(f"  ✓ and {folded} more with a gradient that is finite and not zero", "ok"))
    return "\n".join(lines)


def _row(v: VariableReport, report: Report) -> tuple[str, ...]:
    grad = v.grad
    zeros = "" if grad is None else _share(grad.zeros, v)
    cause = report.findings[v.findings[0]].rule if v.findings and v.findings[0] < len(report.findings) else ""
    name = clean(v.name)
    name = name if len(name) <= 44 else name[:20] + "…" + name[-23:]
    return (name, shape_text(v.shape), f"{ICONS[v.status]} {v.status}", number(grad.norm) if grad else "", number(v.ratio) if v.ratio is not None else "", zeros, cause)


def _share(zeros: int, v: VariableReport) -> str:
    size = 1
    for d in v.shape or ():
        size *= d or 1
    return f"{100 * zeros / size:.0f}%" if size else ""


def _cost(report: Report) -> str:
    o = report.overhead
    dropped = f", {o.ops_dropped} dropped" if o.ops_dropped else ""
    return f"checked {o.ops_recorded} ops{dropped}: {o.cell_seconds:.2f} s for the cell, {o.check_seconds:.2f} s for the report"
