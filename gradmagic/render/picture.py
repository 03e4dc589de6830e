"""The flow graph as a matplotlib figure, in the same layout as the SVG."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from gradmagic.render import palette
from gradmagic.render.layout import MARGIN, Box, Route, detail_of, label_of, layout, points
from gradmagic.render.svg import LABELLED, LEGEND_ROW, LEGEND_WIDTH, ROUND, broken, edge_label, legend, notes, sign_at
from gradmagic.render.wording import ICONS
from gradmagic.report import EdgeStatus, FlowGraph

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Matplotlib counts line widths and letters in points of 1/72 inch, the layout in pixels of 1/96 inch.
POINT = 72 / 96


def literal(text: str) -> str:
    """`text` as matplotlib shows it letter by letter: a dollar sign starts no formula."""
    return text.replace("$", r"\$")


def flow_figure(graph: FlowGraph) -> Figure:
    """The flow graph drawn by matplotlib.

    Args:
        graph: the graph of one gradient call; an empty one gives a picture that says so.

    Returns:
        A figure that belongs to no window.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    drawn = layout(graph)
    entries, remarks = legend(drawn), notes(graph, drawn)
    width = max(drawn.width, LEGEND_WIDTH + 2 * MARGIN)
    height = drawn.height + LEGEND_ROW * (len(entries) + len(remarks)) + 14
    figure = Figure(figsize=(width / 96, height / 96), facecolor=palette.CARD)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_axis_off()
    cut_lines = {id(route) for route in broken(drawn)}
    for route in drawn.routes:
        _route(axes, route)
        x, y = sign_at(route)
        if id(route) in cut_lines:
            _bars(axes, x, y)
        if route.edge.status in LABELLED:
            color = palette.EDGE_COLOR[route.edge.status]
            around = {"boxstyle": "round,pad=0.25", "facecolor": palette.CARD, "edgecolor": color}
            axes.text(x, y, edge_label(route), color=color, fontsize=12 * POINT, ha="center", va="center", bbox=around)
    for box in drawn.boxes:
        _node(axes, box)
    y = drawn.height + 6
    for status, meaning in entries:
        _line(axes, status, [18, 58], [y, y], 4 if status == "flows" else 1.8)
        if status == "cut":
            _bars(axes, 38, y)
        axes.text(68, y, meaning, color=palette.MUTED, fontsize=12 * POINT, va="center")
        y += LEGEND_ROW
    for remark in remarks:
        axes.text(18, y, remark, color=palette.MUTED, fontsize=12 * POINT, va="center")
        y += LEGEND_ROW
    return figure


def _dashes(status: EdgeStatus) -> str | tuple[float, tuple[float, ...]]:
    # Matplotlib multiplies dashes by the width of the line, which is about 1.4 points for every line that has any.
    return (0, tuple(part / 2 for part in palette.EDGE_DASH[status])) if palette.EDGE_DASH[status] else "solid"


def _line(axes: Axes, status: EdgeStatus, x: list[float], y: list[float], width: float) -> None:
    axes.plot(x, y, color=palette.EDGE_COLOR[status], linewidth=width * POINT, linestyle=_dashes(status))


def _route(axes: Axes, route: Route) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    through = points(route)
    corners, codes = [through[0]], [Path.MOVETO]
    for (x1, y1), (x2, y2) in itertools.pairwise(through):
        bend = (x1 + x2) / 2
        corners += [(bend, y1), (bend, y2), (x2, y2)]
        codes += [Path.CURVE4] * 3
    status = route.edge.status
    patch = PathPatch(
        Path(corners, codes),
        facecolor="none",
        edgecolor=palette.EDGE_COLOR[status],
        linewidth=route.width * POINT,
        linestyle=_dashes(status),
        capstyle="butt",
    )
    axes.add_patch(patch)


def _bars(axes: Axes, x: float, y: float) -> None:
    axes.fill([x - 6, x + 6, x + 6, x - 6], [y - 7, y - 7, y + 7, y + 7], color=palette.CARD, zorder=3)
    for dx in (-4, 4):
        axes.plot([x + dx - 3, x + dx + 3], [y + 8, y - 8], color=palette.BAD, linewidth=2.5 * POINT, zorder=4)


def _node(axes: Axes, box: Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    node = box.node
    if node is None:
        return
    color = palette.STATUS_COLOR[node.status] if node.status else palette.INK
    bad = node.kind == "cut" or node.status not in (None, "ok")
    rounding = box.height / 2 if node.kind in ROUND else 5
    patch = FancyBboxPatch(
        (box.x, box.y),
        box.width,
        box.height,
        boxstyle=f"round,pad=0,rounding_size={rounding}",
        facecolor="#fdf0ea" if bad else palette.PANEL if node.kind in ("group", "op") else palette.CARD,
        edgecolor=palette.BAD if node.kind == "cut" else color if node.status else palette.LINE,
        linewidth=(2.2 if bad or node.kind == "target" else 1.2) * POINT,
        linestyle="dashed" if node.kind == "input" else "solid",
        zorder=5,
    )
    axes.add_patch(patch)
    lead = "✂ cut: " if node.kind == "cut" else f"{ICONS[node.status]} " if node.status else ""
    axes.text(
        box.x + box.width / 2,
        box.y + (16 if node.detail else box.height / 2),
        literal(lead + label_of(node)),
        color=palette.BAD if node.kind == "cut" else color if bad else palette.INK,
        fontsize=13 * POINT,
        fontweight="bold" if bad or node.kind in ("target", "variable") else "normal",
        ha="center",
        va="center",
        zorder=6,
    )
    if node.detail:
        x, y, text = box.x + box.width / 2, box.y + 33, literal(detail_of(node))
        axes.text(x, y, text, color=palette.MUTED, fontsize=11 * POINT, ha="center", va="center", zorder=6)
