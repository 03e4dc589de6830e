"""A flow graph with many steps made small for a picture: healthy neighbours on a chain are drawn as one."""

from __future__ import annotations

from dataclasses import replace

from gradmagic.render.wording import count
from gradmagic.report import Edge, EdgeStatus, FlowGraph, Node

MOST_STEPS = 6
_RANK: tuple[EdgeStatus, ...] = ("unused", "flows", "zero", "bad", "cut")


def shortened(graph: FlowGraph, most: int = MOST_STEPS) -> FlowGraph:
    """The graph with at most `most` steps between variables and target, where healthy ones can be joined; what is wrong stays by itself.

    Args:
        graph: any graph; edges to unknown nodes are left out.
        most: nodes other than variables to aim at.

    Returns:
        A graph in which a joined node has the name of its first and last part. Joining makes no circle where there was none.
    """
    nodes = {node.id: node for node in graph.nodes}
    size = dict.fromkeys(nodes, 1)
    ends = {node.id: (node.label.split(" … ")[0], node.label.split(" … ")[-1]) for node in graph.nodes}
    edges = {(e.source, e.target): e for e in graph.edges if e.source in nodes and e.target in nodes and e.source != e.target}
    troubled = _before_trouble(graph)
    while sum(node.kind != "variable" for node in nodes.values()) > most:
        outward: dict[str, int] = {}
        inward: dict[str, int] = {}
        for source, target in edges:
            outward[source] = outward.get(source, 0) + 1
            inward[target] = inward.get(target, 0) + (nodes[source].kind != "variable")
        pairs = [(a, b) for a, b in edges if _plain(nodes[a]) and _plain(nodes[b]) and (outward[a] == 1 or inward[b] == 1)]
        if not pairs:
            break
        # Small groups first, and what leads into trouble last.
        first, second = min(pairs, key=lambda pair: (size[pair[0]] + size[pair[1]], pair[0] in troubled))
        size[first] += size.pop(second)
        ends[first] = (ends[first][0], ends.pop(second)[1])
        del nodes[second]
        joined: dict[tuple[str, str], Edge] = {}
        for edge in edges.values():
            moved = replace(edge, source=first if edge.source == second else edge.source, target=first if edge.target == second else edge.target)
            key = (moved.source, moved.target)
            if key[0] != key[1] and (key not in joined or _RANK.index(moved.status) > _RANK.index(joined[key].status)):
                joined[key] = moved
        edges = joined
    drawn = [replace(n, kind="group", label=_label(*ends[i]), detail=count(size[i], "part")) if size[i] > 1 else n for i, n in nodes.items()]
    return FlowGraph(tuple(drawn), tuple(edges.values()))


def _plain(node: Node) -> bool:
    return node.kind in ("op", "group") and node.status in (None, "ok")


def _label(first: str, last: str) -> str:
    """The two names without the path that they share."""
    one, other = first.split("/"), last.split("/")
    shared = 0
    while shared < min(len(one), len(other)) - 1 and one[shared] == other[shared]:
        shared += 1
    return f"{'/'.join(one[shared:])} … {'/'.join(other[shared:])}"


def _before_trouble(graph: FlowGraph) -> set[str]:
    """The nodes from which something is wrong further on."""
    sources: dict[str, list[str]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    waiting = [node.id for node in graph.nodes if node.kind == "cut" or node.status not in (None, "ok")]
    found: set[str] = set(waiting)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found
