"""The flow graph laid out in columns, variables to the left and the target to the right. SVG and PNG draw the same layout."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass, field, replace

from gradmagic.render.chains import shortened
from gradmagic.render.characters import clip, clip_middle, text_width
from gradmagic.render.wording import count, name
from gradmagic.report import Edge, FlowGraph, Node

MOST_NODES = 150
ALIKE = 4
LONGEST_LABEL = 24
MARGIN = 18.0
COLUMN_GAP = 46.0
ROW_GAP = 16.0
THINNEST, THICKEST = 1.5, 6.0


@dataclass
class Box:
    """A node and where it is drawn; `node` is None for the bend of an edge that crosses a column."""

    key: str
    node: Node | None
    rank: int
    width: float = 0.0
    height: float = 16.0
    x: float = 0.0
    y: float = 0.0

    @property
    def middle(self) -> float:
        """The height of its centre."""
        return self.y + self.height / 2


@dataclass
class Route:
    """An edge, the boxes it passes from source to target, and the width of its line."""

    edge: Edge
    boxes: list[Box]
    width: float


@dataclass
class Layout:
    """Boxes and routes inside `width` by `height`; `left_out` nodes were too many to draw."""

    boxes: list[Box] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    width: float = 2 * MARGIN
    height: float = 2 * MARGIN
    left_out: int = 0


def layout(graph: FlowGraph) -> Layout:
    """Place the nodes of `graph`.

    Args:
        graph: any graph; cycles, loops and edges to unknown nodes do no harm.

    Returns:
        The layout. Variables that are alike are drawn as one node, long chains of healthy steps are shortened, and beyond 150 nodes the least telling ones are left out.
    """
    graph, left_out = _bounded(condensed(shortened(_without_shared_path(graph))))
    if not graph.nodes:
        return Layout(left_out=left_out)
    ranks = _ranks(graph)
    boxes = {node.id: _box(node, ranks[node.id]) for node in graph.nodes}
    columns: dict[int, list[Box]] = defaultdict(list)
    for box in boxes.values():
        columns[box.rank].append(box)
    widths = _line_widths(graph)
    routes = []
    for index, edge in enumerate(graph.edges):
        first, last = boxes[edge.source], boxes[edge.target]
        step = 1 if last.rank > first.rank else -1
        bends = [Box(f"{index}/{rank}", None, rank) for rank in range(first.rank + step, last.rank, step)]
        for bend in bends:
            columns[bend.rank].append(bend)
        routes.append(Route(edge, [first, *bends, last], widths[index]))
    ordered = [columns[rank] for rank in sorted(columns)]
    neighbours: dict[str, list[tuple[Box, int]]] = defaultdict(list)
    for route in routes:
        for a, b in zip(route.boxes, route.boxes[1:], strict=False):
            neighbours[a.key].append((b, b.rank))
            neighbours[b.key].append((a, a.rank))
    _order(ordered, neighbours)
    width, height = _coordinates(ordered, neighbours)
    return Layout(list(boxes.values()), routes, width, height, left_out)


def condensed(graph: FlowGraph) -> FlowGraph:
    """`graph` with variables of the same status and the same consumers drawn as one node, where they are more than a few."""
    known = {node.id for node in graph.nodes}
    edges = tuple(e for e in graph.edges if e.source in known and e.target in known and e.source != e.target)
    outgoing: dict[str, list[Edge]] = defaultdict(list)
    incoming = {edge.target for edge in edges}
    for edge in edges:
        outgoing[edge.source].append(edge)
    groups: dict[object, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        if node.kind == "variable" and node.id not in incoming:
            groups[(node.status, frozenset((e.target, e.status) for e in outgoing[node.id]))].append(node)
    merged: dict[str, str] = {}
    nodes = {node.id: node for node in graph.nodes}
    for alike in groups.values():
        if len(alike) <= ALIKE:
            continue
        head = alike[0]
        nodes[head.id] = replace(head, label=count(len(alike), "variable"), detail=_common([n.label for n in alike]))
        for other in alike[1:]:
            merged[other.id] = head.id
            del nodes[other.id]
    norms: dict[tuple[str, str, str], list[float | None]] = {}
    whole: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        key = (merged.get(edge.source, edge.source), edge.target, edge.status)
        whole.setdefault(key, replace(edge, source=key[0]))
        norms.setdefault(key, []).append(edge.norm)
    return FlowGraph(tuple(nodes.values()), tuple(replace(e, norm=_joint(norms[key])) for key, e in whole.items()))


def _common(labels: list[str]) -> str:
    head = labels[0]
    for label in labels[1:]:
        while not label.startswith(head):
            head = head[:-1]
    head = head.rpartition("/")[0]
    return f"{head}/…" if head else f"{labels[0]}, …"


def _joint(norms: list[float | None]) -> float | None:
    given = [norm for norm in norms if norm is not None]
    if len(given) == 1:
        return given[0]
    return math.hypot(*given) if given else None


def _without_shared_path(graph: FlowGraph) -> FlowGraph:
    """The path that the names of all variables begin with is left away: the table has the whole names. The layer's own name stays."""
    paths = [node.label.split("/")[:-1] for node in graph.nodes if node.kind == "variable" and "/" in node.label]
    if len(paths) < 2:
        return graph
    same = len(list(itertools.takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))))
    shared = "".join(f"{part}/" for part in paths[0][: min(same, *(len(path) - 1 for path in paths))])
    if not shared:
        return graph
    return replace(graph, nodes=tuple(replace(node, label=node.label.removeprefix(shared) or node.label) for node in graph.nodes))


def _bounded(graph: FlowGraph) -> tuple[FlowGraph, int]:
    if len(graph.nodes) <= MOST_NODES:
        return graph, 0

    def telling(node: Node) -> int:
        if node.kind in ("target", "cut"):
            return 0
        return 1 if node.status not in (None, "ok") else 2 if node.kind == "group" else 3

    kept = {node.id for node in sorted(graph.nodes, key=telling)[:MOST_NODES]}
    nodes = tuple(node for node in graph.nodes if node.id in kept)
    edges = tuple(edge for edge in graph.edges if edge.source in kept and edge.target in kept)
    return FlowGraph(nodes, edges), len(graph.nodes) - len(nodes)


def _ranks(graph: FlowGraph) -> dict[str, int]:
    """The column of each node: the longest way from a variable or input, the targets all in the last column."""
    following: dict[str, list[str]] = defaultdict(list)
    waiting: dict[str, int] = {node.id: 0 for node in graph.nodes}
    for edge in graph.edges:
        following[edge.source].append(edge.target)
        waiting[edge.target] += 1
    ranks = {node.id: int(node.kind not in ("variable", "input")) for node in graph.nodes}
    ready = [key for key, number in waiting.items() if not number]
    undone = dict.fromkeys(waiting)
    while undone:
        # In a cycle nothing is ever ready: its first node is taken as if it were, and its back edges point left.
        current = ready.pop() if ready else next(iter(undone))
        if current not in undone:
            continue
        del undone[current]
        for target in following[current]:
            if target in undone:
                ranks[target] = max(ranks[target], ranks[current] + 1)
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
    last = max(ranks.values())
    return {node.id: max(last, 1) if node.kind == "target" else ranks[node.id] for node in graph.nodes}


def label_of(node: Node) -> str:
    """The first line of a node."""
    return clip_middle(name(node.label), LONGEST_LABEL)


def detail_of(node: Node) -> str:
    """The second, smaller line of a node; may be empty."""
    return clip(name(node.detail), LONGEST_LABEL + 4)


def points(route: Route) -> list[tuple[float, float]]:
    """The points a route goes through, from the right side of its source to the left side of its target."""
    first, *bends, last = route.boxes
    if last.rank <= first.rank:
        return [(first.x + first.width / 2, first.y), *((b.x, b.middle) for b in bends), (last.x + last.width / 2, last.y)]
    return [(first.x + first.width, first.middle), *((b.x, b.middle) for b in bends), (last.x, last.middle)]


def _box(node: Node, rank: int) -> Box:
    lead = 7 if node.kind == "cut" else 2 if node.status else 0
    letter = 8.3 if node.kind not in ("op", "group") or node.status not in (None, "ok") else 7.6
    width = max(letter * (text_width(label_of(node)) + lead), 6.4 * text_width(detail_of(node)), 44) + 22
    return Box(node.id, node, rank, width, 46.0 if node.detail else 32.0)


def _line_widths(graph: FlowGraph) -> list[float]:
    logs = {i: math.log10(e.norm) for i, e in enumerate(graph.edges) if e.norm is not None and 0 < e.norm < math.inf}
    low, high = min(logs.values(), default=0.0), max(logs.values(), default=0.0)
    # Norms within a factor of ten look alike on purpose: the picture is for orders of magnitude.
    span = max(high - low, 1.0)

    def width(index: int) -> float:
        if graph.edges[index].status != "flows" or index not in logs:
            return 1.8
        return THICKEST - (THICKEST - THINNEST) * (high - logs[index]) / span

    return [width(index) for index in range(len(graph.edges))]


def _order(columns: list[list[Box]], neighbours: dict[str, list[tuple[Box, int]]]) -> None:
    """Sort each column by where its neighbours lie, to and fro, so that few edges cross."""
    for sweep in range(8):
        way = columns[1:] if sweep % 2 == 0 else columns[-2::-1]
        side = -1 if sweep % 2 == 0 else 1
        position = {box.key: index / max(len(column), 1) for column in columns for index, box in enumerate(column)}
        for column in way:
            wanted = {}
            for index, box in enumerate(column):
                near = [position[n.key] for n, rank in neighbours[box.key] if (rank - box.rank) * side > 0]
                wanted[box.key] = sum(near) / len(near) if near else index / len(column)
            column.sort(key=lambda box: wanted[box.key])
            position.update({box.key: index / len(column) for index, box in enumerate(column)})


def _coordinates(columns: list[list[Box]], neighbours: dict[str, list[tuple[Box, int]]]) -> tuple[float, float]:
    x = MARGIN
    for column in columns:
        wide = max(box.width for box in column)
        y = 0.0
        for box in column:
            box.x, box.y = x + (wide - box.width) / 2, y
            if box.node is None:
                box.x = x + wide / 2
            y += box.height + ROW_GAP
        x += wide + COLUMN_GAP
    for sweep in range(12):
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            for box in column:
                near = [n.middle for n, _ in neighbours[box.key]]
                if near:
                    box.y = sum(near) / len(near) - box.height / 2
            _spread(column)
    top = min(box.y for column in columns for box in column)
    for column in columns:
        for box in column:
            box.y += MARGIN - top
    bottom = max(box.y + box.height for column in columns for box in column)
    return x - COLUMN_GAP + MARGIN, bottom + MARGIN


def _spread(column: list[Box]) -> None:
    """Push overlapping boxes of a column apart, keeping their order and, as a whole, their place."""
    wanted = [box.middle for box in column]
    for above, box in itertools.pairwise(column):
        box.y = max(box.y, above.y + above.height + ROW_GAP)
    shift = sum(w - box.middle for w, box in zip(wanted, column, strict=True)) / len(column)
    for box in column:
        box.y += shift
