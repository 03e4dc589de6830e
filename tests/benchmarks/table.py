"""What was measured, for people."""

from __future__ import annotations

from tests.benchmarks.ratios import Ratio
from tests.benchmarks.scale import LIMIT, MOST_GROWTH, Scale
from tests.benchmarks.view import FRAME, Drawn
from tests.benchmarks.work import WORKS


def ratio_table(ratios: list[Ratio]) -> str:
    """One line for each cell and tool."""
    titles = {w.name: w.title for w in WORKS}
    head = ("cell", "tool", "plain", "with", "time", "limit", "memory", "limit", "")
    rows = [head]
    for r in ratios:
        rows.append(
            (
                titles[r.work],
                r.tool,
                _seconds(r.plain.seconds),
                _seconds(r.with_tool.seconds),
                f"{r.time:.2f}×",
                f"{r.time_limit:.2f}×" if r.time_limit else "",
                f"{r.memory:.2f}×" if r.memory else "",
                f"{r.memory_limit:.2f}×" if r.memory_limit else "",
                "" if r.holds else "missed",
            )
        )
    return _aligned(rows)


def scale_table(scales: list[Scale]) -> str:
    """One line for each size, then whether the time grew in step."""
    rows = [("recorded ops", "located", "grouped", "both", "whole report")]
    rows += [(f"{s.ops:,}", _seconds(s.located), _seconds(s.grouped), _seconds(s.seconds), _seconds(s.finished)) for s in scales]
    first, last = scales[0], scales[-1]
    growth = (last.seconds / first.seconds) / (last.ops / first.ops) * 2
    verdict = "" if last.seconds <= LIMIT and growth <= MOST_GROWTH else "   missed"
    return f"{_aligned(rows)}\nfrom {first.ops:,} to {last.ops:,} ops: {last.seconds / first.seconds:.2f}× the time; at most {LIMIT:g} s{verdict}"


def view_table(drawn: list[Drawn]) -> str:
    """One line for each size."""
    rows = [("variables in the view", "drawn", "sorted", "limit", "a frame of scrolling", "limit", "")]
    rows += [
        (f"{d.variables:,}", _seconds(d.draw / 1000), _seconds(d.sort / 1000), _seconds(d.limit / 1000), _seconds(d.scroll / 1000), _seconds(FRAME / 1000), "" if d.holds else "missed") for d in drawn
    ]
    return _aligned(rows)


def _seconds(value: float) -> str:
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("─" * w for w in widths), *lines[1:]])
