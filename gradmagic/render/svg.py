"""The flow graph as a static picture."""

from __future__ import annotations

import math
from html import escape

from gradmagic.render.layout import HEIGHT, WIDTH, placed
from gradmagic.render.snippet import clean
from gradmagic.render.words import COLORS, ICONS
from gradmagic.report import Edge, FlowGraph, Node

EDGE = {"flows": "#1f5fa8", "cut": "#b3261e", "zero": "#8a5a00", "bad": "#8e24aa", "unused": "#9aa0a6"}
DASH = {"cut": "4 4", "zero": "2 4", "unused": "1 5"}


def flow_svg(graph: FlowGraph) -> str:
    """An SVG of the graph on a light card, readable on any background. Edges are as thick as the gradient, on a log scale."""
    places, width, height = placed(graph)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" font-family="system-ui,sans-serif" font-size="12">',
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#fbfbfd" stroke="#d5d8dd"/>',
    ]
    for edge in graph.edges:
        if edge.source in places and edge.target in places:
            a, b = places[edge.source], places[edge.target]
            parts.append(_edge(edge, a.x + WIDTH, a.y + HEIGHT / 2, b.x, b.y + HEIGHT / 2))
    parts += [_node(p.node, p.x, p.y) for p in places.values()]
    return "".join(parts) + "</svg>"


def thickness(norm: float | None) -> float:
    """The width of an edge in pixels, 1 to 7, by the logarithm of the norm."""
    if norm is None or not math.isfinite(norm) or norm <= 0:
        return 1.5
    return min(7.0, max(1.0, 4.0 + math.log10(norm)))


def _edge(edge: Edge, x1: float, y1: float, x2: float, y2: float) -> str:
    color, dash = EDGE[edge.status], DASH.get(edge.status)
    middle = (x1 + x2) / 2
    style = f' stroke-dasharray="{dash}"' if dash else ""
    line = f'<path d="M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}" fill="none" stroke="{color}" stroke-width="{thickness(edge.norm):.1f}"{style}/>'
    if edge.status == "cut":
        y = (y1 + y2) / 2
        line += f'<g stroke="{color}" stroke-width="3"><path d="M{middle - 6:.1f} {y - 6:.1f}l12 12M{middle + 6:.1f} {y - 6:.1f}l-12 12"/></g>'
    return line


def _node(node: Node, x: float, y: float) -> str:
    status = node.status
    color = COLORS[status] if status else COLORS["none"] if node.kind == "cut" else "#5f6368"
    radius = 20 if node.kind in ("variable", "target") else 6
    weight = 3 if node.kind == "cut" or (status and status != "ok") else 1.5
    fill = "#fdeceb" if node.kind == "cut" else "#ffffff"
    label = clean(node.label)
    label = label if len(label) <= 25 else label[:11] + "…" + label[-13:]
    under = "✂ the gradient ends here" if node.kind == "cut" else f"{ICONS[status]} {status}" if status else "target" if node.kind == "target" else clean(node.detail)[:30]
    return (
        f'<g><title>{escape(clean(node.label))}: {escape(clean(node.detail))}</title><rect x="{x:.1f}" y="{y:.1f}" width="{WIDTH}" height="{HEIGHT}" rx="{radius}" fill="{fill}" stroke="{color}" stroke-width="{weight}"/>'
        f'<text x="{x + 14:.1f}" y="{y + 17:.1f}" fill="#202124" font-weight="600">{escape(label)}</text><text x="{x + 14:.1f}" y="{y + 32:.1f}" fill="{color}" font-size="11">{escape(under)}</text></g>'
    )
