"""Long chains of healthy steps are drawn as a few; what is wrong stays by itself."""

from __future__ import annotations

import pytest

from gradmagic.render.chains import MOST_STEPS, shortened
from gradmagic.report import Edge, FlowGraph, Node


def deep(layers: int, cut: int) -> FlowGraph:
    """Layers in a row with a variable each; the gradient is cut at layer `cut`."""
    nodes = [Node("loss", "target", "loss")]
    edges = []
    for i in range(layers):
        nodes += [Node(f"d{i}", "cut" if i == cut else "op", f"net/d{i}"), Node(f"v{i}", "variable", f"d{i}/kernel", status="none" if i <= cut else "ok")]
        status = "cut" if i <= cut else "flows"
        edges += [Edge(f"v{i}", f"d{i}", status), Edge(f"d{i}", f"d{i + 1}" if i + 1 < layers else "loss", status)]
    return FlowGraph(tuple(nodes), tuple(edges))


@pytest.mark.parametrize(("layers", "cut"), [(40, 30), (40, 0), (100, 99)])
def test_a_deep_network_becomes_small_and_the_cut_stays(layers: int, cut: int) -> None:
    small = shortened(deep(layers, cut))
    steps = {node.id: node for node in small.nodes if node.kind != "variable"}
    assert len(steps) <= MOST_STEPS and steps[f"d{cut}"].kind == "cut" and "loss" in steps
    assert sum(int(node.detail.split()[0]) if node.kind == "group" else 1 for node in steps.values()) == layers + 1
    assert any(edge.target == f"d{cut}" and edge.status == "cut" for edge in small.edges)
    assert len([node for node in small.nodes if node.kind == "variable"]) == layers


def test_joined_steps_are_named_by_their_ends() -> None:
    labels = {node.label for node in shortened(deep(20, 19)).nodes if node.kind == "group"}
    assert labels and all(label.startswith("d") and " … d" in label for label in labels)


def test_a_small_graph_stays_as_it_is() -> None:
    graph = deep(3, 1)
    assert set(shortened(graph).nodes) == set(graph.nodes) and set(shortened(graph).edges) == set(graph.edges)


def test_what_branches_makes_no_circle() -> None:
    nodes = tuple(Node(str(i), "op", f"op{i}") for i in range(30))
    # A residual network: each second step is added again two steps further on.
    edges = tuple(Edge(str(i), str(i + 1), "flows") for i in range(29)) + tuple(Edge(str(i), str(i + 2), "flows") for i in range(0, 27, 2))
    small = shortened(FlowGraph(nodes, edges))
    order = {edge.source: edge.target for edge in small.edges}
    assert len(small.nodes) < 30
    for start in order:
        seen, at = {start}, order[start]
        while at in order:
            assert at not in seen
            seen.add(at)
            at = order[at]
