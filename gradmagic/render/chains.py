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
    onward: dict[str, dict[str, Edge]] = {key: {} for key in nodes}
    back: dict[str, set[str]] = {key: set() for key in nodes}
    for edge in graph.edges:
        if edge.source in nodes and edge.target in nodes and edge.source != edge.target:
            onward[edge.source][edge.target] = edge
            back[edge.target].add(edge.source)
    plain = {key for key, node in nodes.items() if _plain(node)}
    steps = {key for key, node in nodes.items() if node.kind != "variable"}
    troubled = _before_trouble(graph)
    while len(steps) > most:
        pairs = [(a, b) for a in nodes if a in plain for b in onward[a] if b in plain and (len(onward[a]) == 1 or len(back[b] & steps) == 1)]
        if not pairs:
            break
        # Small groups first, and what leads into trouble last.
        first, second = min(pairs, key=lambda pair: (size[pair[0]] + size[pair[1]], pair[0] in troubled))
        size[first] += size.pop(second)
        ends[first] = (ends[first][0], ends.pop(second)[1])
        del nodes[second]
        steps.discard(second)
        for target, edge in onward.pop(second).items():
            back[target].discard(second)
            _join(onward, back, first, target, edge)
        for source in back.pop(second):
            _join(onward, back, source, first, onward[source].pop(second))
    edges = [edge if (edge.source, edge.target) == (a, b) else replace(edge, source=a, target=b) for a in onward for b, edge in onward[a].items()]
    drawn = [replace(n, kind="group", label=_label(*ends[i]), detail=count(size[i], "part")) if size[i] > 1 else n for i, n in nodes.items()]
    return FlowGraph(tuple(drawn), tuple(edges))


def _join(onward: dict[str, dict[str, Edge]], back: dict[str, set[str]], source: str, target: str, edge: Edge) -> None:
    """Let an edge run between other nodes; of two between the same nodes the more telling one stays."""
    if source == target:
        return
    known = onward[source].get(target)
    if known is None or _RANK.index(edge.status) > _RANK.index(known.status):
        onward[source][target] = edge
    back[target].add(source)


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
