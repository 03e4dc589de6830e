"""A small layered layout for the static picture: variables left, target right, each node one layer behind what it depends on."""

from __future__ import annotations

from dataclasses import dataclass

from gradmagic.report import FlowGraph, Node

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 40, 60, 18, 16


@dataclass(frozen=True)
class Placed:
    """A node and its upper left corner, in pixels."""

    node: Node
    x: float
    y: float


def placed(graph: FlowGraph) -> tuple[dict[str, Placed], float, float]:
    """Every node's place by its id, and the width and height of the picture."""
    before: dict[str, list[str]] = {n.id: [] for n in graph.nodes}
    for edge in graph.edges:
        if edge.source in before and edge.target in before:
            before[edge.target].append(edge.source)
    layer: dict[str, int] = {}

    def depth(key: str, path: frozenset[str]) -> int:
        if key not in layer:
            layer[key] = 1 + max((depth(b, path | {key}) for b in before[key] if b not in path), default=-1)
        return layer[key]

    for node in graph.nodes:
        depth(node.id, frozenset({node.id}))
    last = max(layer.values(), default=0)
    for node in graph.nodes:
        if node.kind == "variable":
            layer[node.id] = 0
        elif node.kind == "target":
            layer[node.id] = last
    columns: dict[int, list[Node]] = {}
    for node in graph.nodes:
        columns.setdefault(layer[node.id], []).append(node)
    order = {number: i for i, number in enumerate(sorted(columns))}
    tallest = max((len(c) for c in columns.values()), default=1)
    height = MARGIN * 2 + tallest * (HEIGHT + GAP_Y) - GAP_Y
    places: dict[str, Placed] = {}
    for number in sorted(columns):
        nodes = sorted(columns[number], key=lambda n: _middle(n, before, places))
        top = (height - (len(nodes) * (HEIGHT + GAP_Y) - GAP_Y)) / 2
        for i, node in enumerate(nodes):
            places[node.id] = Placed(node, MARGIN + order[number] * (WIDTH + GAP_X), top + i * (HEIGHT + GAP_Y))
    return places, MARGIN * 2 + len(columns) * (WIDTH + GAP_X) - GAP_X, height


def _middle(node: Node, before: dict[str, list[str]], places: dict[str, Placed]) -> float:
    known = [places[b].y for b in before[node.id] if b in places]
    return sum(known) / len(known) if known else 0.0
