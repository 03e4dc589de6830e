"""The report as a file, by the file's ending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gradmagic.report import FlowGraph, Report

ENDINGS = (".json", ".html", ".svg", ".png", ".md", ".txt")


def write(report: Report, path: str | Path) -> None:
    """Write a report to a file.

    Raises:
        ValueError: the ending is none of those that can be written, or a picture is asked for and the report has no flow graph.
        OSError: the file cannot be written.
    """
    target = Path(path)
    ending = target.suffix.lower()
    if ending not in ENDINGS:
        raise ValueError(f"a report is written as one of {', '.join(ENDINGS)}, and `{target.name}` ends differently")
    if ending == ".png":
        _png(_graph(report), target)
        return
    target.write_text(_text(ending)(report), encoding="utf-8")


def _text(ending: str) -> Callable[[Report], str]:
    from gradmagic.render.html import to_html_page
    from gradmagic.render.markdown import to_markdown
    from gradmagic.render.svg import flow_svg
    from gradmagic.render.text import to_text

    return {
        ".json": lambda r: r.to_json(indent=1),
        ".html": to_html_page,
        ".svg": lambda r: flow_svg(_graph(r)),
        ".md": to_markdown,
        ".txt": to_text,
    }[ending]


def _graph(report: Report) -> FlowGraph:
    for call in report.calls:
        if call.graph.nodes:
            return call.graph
    raise ValueError("this report has no flow graph to draw")


def _png(graph: FlowGraph, path: Path) -> None:
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    from gradmagic.render.layout import HEIGHT, WIDTH, placed
    from gradmagic.render.svg import EDGE, thickness
    from gradmagic.render.words import COLORS

    places, width, height = placed(graph)
    figure = Figure(figsize=(width / 90, max(height, 90) / 90), dpi=180)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    for edge in graph.edges:
        if edge.source in places and edge.target in places:
            a, b = places[edge.source], places[edge.target]
            style = "-" if edge.status == "flows" else ":"
            axes.plot((a.x + WIDTH, b.x), (a.y + HEIGHT / 2, b.y + HEIGHT / 2), style, color=EDGE[edge.status], linewidth=thickness(edge.norm) * 0.7)
    for p in places.values():
        color = COLORS[p.node.status] if p.node.status else COLORS["none"] if p.node.kind == "cut" else "#5f6368"
        axes.add_patch(FancyBboxPatch((p.x, p.y), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=6", facecolor="white", edgecolor=color))
        axes.text(p.x + 10, p.y + HEIGHT / 2, p.node.label[:26].replace("$", r"\$"), va="center", fontsize=7, color="#202124")
    figure.savefig(path)
