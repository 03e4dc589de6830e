"""The flow graph as a picture: SVG that stands alone, on a light card, since a picture cannot know the theme around it."""

from __future__ import annotations

import itertools

from gradmagic.render import palette
from gradmagic.render.layout import Box, Layout, Route, detail_of, label_of, layout, points
from gradmagic.render.markup import Markup, join, tag
from gradmagic.render.wording import ICONS, WORDS, count, name, number
from gradmagic.report import EdgeStatus, FlowGraph

FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
LEGEND_ROW = 20
LEGEND_WIDTH = 300
ROUND = ("variable", "input", "target")
LABELLED: dict[EdgeStatus, str] = {"bad": "NaN or Inf", "zero": "0"}


def flow_svg(graph: FlowGraph, drawn: Layout | None = None) -> str:
    """The flow graph drawn with variables to the left and the target to the right.

    Args:
        graph: the graph of one gradient call; an empty one gives a picture that says so.
        drawn: its layout, where it is known already.

    Returns:
        An SVG document without scripts, styles or links. The gradient's norm is the width of a line, on a log scale.
    """
    drawn = drawn or layout(graph)
    remarks = notes(graph, drawn)
    entries = legend(drawn)
    width = max(drawn.width, LEGEND_WIDTH + 36)
    height = drawn.height + LEGEND_ROW * (len(entries) + len(remarks)) + 14
    parts = [tag("title", describe(graph))]
    parts.append(tag("rect", x=0.5, y=0.5, width=_n(width - 1), height=_n(height - 1), rx=8, fill=palette.CARD, stroke="#d0d7de"))
    parts += [_route(route) for route in drawn.routes]
    parts += [_bars(route) for route in broken(drawn)]
    parts += [_edge_label(route) for route in drawn.routes if route.edge.status in LABELLED]
    parts += [_node(box) for box in drawn.boxes]
    y = drawn.height + 6
    for status, meaning in entries:
        parts.append(_line(status, 18, y, 58, y, 4 if status == "flows" else 1.8))
        if status == "cut":
            parts.append(_two_bars(38, y))
        parts.append(_text(68, y + 4, meaning, 12, palette.MUTED))
        y += LEGEND_ROW
    for note in remarks:
        parts.append(_text(18, y + 4, note, 12, palette.MUTED))
        y += LEGEND_ROW
    return tag(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        width=_n(width),
        height=_n(height),
        viewBox=f"0 0 {_n(width)} {_n(height)}",
        font_family=FONT,
        role="img",
    )


def describe(graph: FlowGraph) -> str:
    """What the picture shows, in words, for those who do not see it."""
    targets = [f"`{name(n.label)}`" for n in graph.nodes if n.kind == "target"] or ["the target"]
    variables = [n for n in graph.nodes if n.kind == "variable"]
    text = f"Flow of the gradient from {targets[0]} back to {count(len(variables), 'variable')}."
    for node in [n for n in graph.nodes if n.kind == "cut"][:3]:
        where = f" ({name(node.detail)})" if node.detail else ""
        text += f" Cut at `{name(node.label)}`{where}: no gradient gets past it."
    for status in ("none", "nan", "inf", "zero"):
        hit = [f"`{name(n.label)}`" for n in variables if n.status == status]
        if hit:
            more = f" and {len(hit) - 3:,} more" if len(hit) > 3 else ""
            text += f" {WORDS[status]}: {', '.join(hit[:3])}{more}."
    return text


def notes(graph: FlowGraph, drawn: Layout) -> list[str]:
    """The sentences under the picture."""
    if not graph.nodes:
        return ["No flow was recorded for this call."]
    left_out = [f"{count(drawn.left_out, 'more node')} left out."] if drawn.left_out else []
    return ["Gradients travel from right to left.", *left_out]


def legend(drawn: Layout) -> list[tuple[EdgeStatus, str]]:
    """The kinds of lines that occur, with what they mean."""
    used = {route.edge.status for route in drawn.routes}
    return [(status, meaning) for status, meaning in palette.EDGE_MEANING.items() if status in used]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _dash(status: EdgeStatus) -> str | None:
    return " ".join(_n(part) for part in palette.EDGE_DASH[status]) or None


def _line(status: EdgeStatus, x1: float, y1: float, x2: float, y2: float, width: float) -> Markup:
    return tag(
        "line",
        x1=_n(x1),
        y1=_n(y1),
        x2=_n(x2),
        y2=_n(y2),
        stroke=palette.EDGE_COLOR[status],
        stroke_width=_n(width),
        stroke_dasharray=_dash(status),
    )


def _text(x: float, y: float, content: str, size: int, color: str, weight: str | None = None) -> Markup:
    return tag("text", content, x=_n(x), y=_n(y), font_size=size, fill=color, font_weight=weight)


def _route(route: Route) -> Markup:
    through = points(route)
    d = f"M{_n(through[0][0])},{_n(through[0][1])}"
    for (x1, y1), (x2, y2) in itertools.pairwise(through):
        bend = (x1 + x2) / 2
        d += f" C{_n(bend)},{_n(y1)} {_n(bend)},{_n(y2)} {_n(x2)},{_n(y2)}"
    status, norm = route.edge.status, route.edge.norm
    about = palette.EDGE_MEANING[status].partition(",")[0] + ("" if norm is None else f", norm {number(norm)}")
    return tag(
        "path",
        tag("title", about),
        d=d,
        fill="none",
        stroke=palette.EDGE_COLOR[status],
        stroke_width=_n(route.width),
        stroke_dasharray=_dash(status),
        stroke_linecap="butt",
        opacity="0.85" if status == "flows" else None,
    )


def broken(drawn: Layout) -> list[Route]:
    """Where bars go: at a cut node's left side and, where no node further on is the cut, on the cut line itself."""
    cuts = {box.key for box in drawn.boxes if box.node is not None and box.node.kind == "cut"}
    lines = [route for route in drawn.routes if route.edge.status == "cut"]
    leading, before = set(cuts), -1
    while before < len(leading):
        before = len(leading)
        leading |= {route.edge.source for route in lines if route.edge.target in leading}
    return [route for route in lines if route.edge.source not in cuts and (route.edge.target in cuts or route.edge.target not in leading)]


def sign_at(route: Route) -> tuple[float, float]:
    """Where on its line a route has its bars or its word: before the cut that it leads into, else where it comes from."""
    through, into = points(route), route.boxes[-1].node
    if route.edge.status == "cut" and into is not None and into.kind == "cut":
        return _on_line(through[-1], through[-2], 16)
    return _on_line(through[0], through[1], 6 + _half(edge_label(route)) if route.edge.status in LABELLED else 14)


def _on_line(start: tuple[float, float], end: tuple[float, float], distance: float) -> tuple[float, float]:
    """The point of the curve between two points that is so far from the first one, to the side."""
    (x1, y1), (x2, y2) = start, end
    bend = (x1 + x2) / 2
    x, y = x1, y1
    for t in (i / 40 for i in range(41)):
        back = 1 - t
        x = back**3 * x1 + 3 * back * t * bend + t**3 * x2
        y = (back**3 + 3 * back**2 * t) * y1 + (3 * back * t**2 + t**3) * y2
        if abs(x - x1) >= distance:
            break
    return x, y


def _bars(route: Route) -> Markup:
    x, y = sign_at(route)
    return _two_bars(x, y)


def _two_bars(x: float, y: float) -> Markup:
    gap = tag("rect", x=_n(x - 6), y=_n(y - 7), width=12, height=14, fill=palette.CARD)
    bars = [
        tag(
            "line",
            x1=_n(x + dx - 3),
            y1=_n(y + 8),
            x2=_n(x + dx + 3),
            y2=_n(y - 8),
            stroke=palette.BAD,
            stroke_width=2.5,
        )
        for dx in (-4, 4)
    ]
    return join(gap, *bars)


def edge_label(route: Route) -> str:
    """What is written on a line whose gradient is zero or not finite."""
    if route.edge.status == "bad" and route.edge.norm is not None:
        return number(route.edge.norm)
    return LABELLED[route.edge.status]


def _half(label: str) -> float:
    return 4.0 * len(label) + 5


def _edge_label(route: Route) -> Markup:
    x, y = sign_at(route)
    label = edge_label(route)
    half = _half(label)
    color = palette.EDGE_COLOR[route.edge.status]
    card = tag("rect", x=_n(x - half), y=_n(y - 9), width=_n(2 * half), height=18, rx=9, fill=palette.CARD, stroke=color)
    return join(card, tag("text", label, x=_n(x), y=_n(y + 4), font_size=12, fill=color, text_anchor="middle"))


def _node(box: Box) -> Markup:
    node = box.node
    if node is None:
        return Markup("")
    color = palette.STATUS_COLOR[node.status] if node.status else palette.INK
    bad = node.kind == "cut" or node.status not in (None, "ok")
    fill = "#fdf0ea" if bad else palette.PANEL if node.kind in ("group", "op") else palette.CARD
    stroke = palette.BAD if node.kind == "cut" else color if node.status else palette.LINE
    shape = tag(
        "rect",
        tag("title", f"{name(node.label)} {name(node.detail)}".strip()),
        x=_n(box.x),
        y=_n(box.y),
        width=_n(box.width),
        height=_n(box.height),
        rx=_n(box.height / 2 if node.kind in ROUND else 5),
        fill=fill,
        stroke=stroke,
        stroke_width=2.2 if bad or node.kind == "target" else 1.2,
        stroke_dasharray="4 3" if node.kind == "input" else None,
    )
    lead = "✂ cut: " if node.kind == "cut" else f"{ICONS[node.status]} " if node.status else ""
    label = tag(
        "text",
        lead + label_of(node),
        x=_n(box.x + box.width / 2),
        y=_n(box.y + (20 if node.detail else 20.5)),
        font_size=13,
        font_weight="600" if bad or node.kind in ("target", "variable") else None,
        fill=palette.BAD if node.kind == "cut" else color if bad else palette.INK,
        text_anchor="middle",
    )
    if not node.detail:
        return join(shape, label)
    detail = tag(
        "text",
        detail_of(node),
        x=_n(box.x + box.width / 2),
        y=_n(box.y + 37),
        font_size=11,
        fill=palette.MUTED,
        text_anchor="middle",
    )
    return join(shape, label, detail)
