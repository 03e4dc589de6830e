"""The flow graph of real runs: where the way of each variable leads, and where it is cut."""

from __future__ import annotations

import math
from typing import Any

from gradmagic.report import FlowGraph, Node, Report

SETUP = "import keras\nimport numpy as np\nimport tensorflow as tf\n"


def check(notebook: Any, setup: str, cell: str) -> tuple[Report, FlowGraph]:
    notebook.run(SETUP + setup)
    report = notebook.check(cell)
    assert report.failures == ()
    return report, report.calls[-1].graph


def node(graph: FlowGraph, label: str) -> Node:
    return next(n for n in graph.nodes if n.label == label)


def by_id(graph: FlowGraph, key: str) -> Node:
    return next(n for n in graph.nodes if n.id == key)


def cut(graph: FlowGraph) -> Node:
    (found,) = [n for n in graph.nodes if n.kind == "cut"]
    return found


def ways(graph: FlowGraph, source: Node, target: Node) -> list[str]:
    """The statuses of the edges between two nodes."""
    return [e.status for e in graph.edges if (e.source, e.target) == (source.id, target.id)]


def leads(graph: FlowGraph, source: Node, target: Node) -> bool:
    found, waiting = {source.id}, [source.id]
    while waiting:
        here = waiting.pop()
        onward = [e.target for e in graph.edges if e.source == here and e.target not in found]
        found.update(onward)
        waiting.extend(onward)
    return target.id in found


CAST = """
model = keras.Sequential([
    keras.Input((4,)), keras.layers.Dense(4, name="before"),
    keras.layers.Lambda(lambda x: tf.cast(tf.cast(8.0 * x, tf.int32), tf.float32)), keras.layers.Dense(1, name="behind"),
])
"""


def test_a_cast_that_cuts_is_drawn_though_casts_are_not(notebook: Any) -> None:
    _, graph = check(notebook, CAST, "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean(model(tf.ones((2, 4))))\ntape.gradient(loss, model.trainable_variables)")
    assert "tf.int32" in cut(graph).label
    early = next(n for n in graph.nodes if n.kind == "variable" and n.label.endswith("before/kernel"))
    late = next(n for n in graph.nodes if n.kind == "variable" and n.label.endswith("behind/kernel"))
    assert leads(graph, early, cut(graph)) and not leads(graph, late, cut(graph)) and leads(graph, cut(graph), node(graph, "loss"))
    # All that lies before the cut carries nothing.
    before = [e.status for e in graph.edges if leads(graph, by_id(graph, e.target), cut(graph))]
    assert before and set(before) == {"cut"}


LEFT = """with tf.GradientTape() as tape:
    y = w * 3.0
    y = y + float(b)
    loss = (y - 1.0) ** 2
tape.gradient(loss, [w, b])
"""


def test_a_value_that_left_leads_to_where_it_came_back_and_the_others_are_untouched(notebook: Any) -> None:
    report, graph = check(notebook, "w, b = tf.Variable(2.0), tf.Variable(0.75)", LEFT)
    assert cut(graph).label == "float(b)"
    assert ways(graph, node(graph, "b"), cut(graph)) == ["cut"]
    (after,) = [n for n in graph.nodes if ways(graph, cut(graph), n)]
    assert after.kind == "op" and after.detail == "AddV2"
    assert not leads(graph, node(graph, "w"), cut(graph))
    assert {e.status for e in graph.edges if cut(graph).id not in (e.source, e.target)} == {"flows"}
    (finding,) = report.findings
    assert [label.location.code.strip() for label in finding.labels] == ["y = y + float(b)"] * 2


def test_what_numpy_took_unseen_is_a_cut_on_the_way(notebook: Any) -> None:
    cell = "with tf.GradientTape() as tape:\n    h = w * 2.0\n    taken = np.exp(h)\n    loss = tf.reduce_sum(tf.ones(2) * taken)\ntape.gradient(loss, [w])"
    _, graph = check(notebook, "w = tf.Variable([1.0, 2.0])", cell)
    assert cut(graph).label == "np.exp(h)"
    assert leads(graph, node(graph, "w"), cut(graph)) and leads(graph, cut(graph), node(graph, "loss"))
    assert len(graph.edges) >= 3 and {e.status for e in graph.edges} == {"cut"}


def test_a_result_that_nothing_uses_and_a_variable_that_nothing_reads_end_in_a_cut(notebook: Any) -> None:
    cell = "with tf.GradientTape() as tape:\n    tf.square(dropped)\n    loss = w * w\ntape.gradient(loss, [w, dropped, unread])"
    _, graph = check(notebook, "w, dropped, unread = tf.Variable(2.0), tf.Variable(3.0), tf.Variable(4.0)", cell)
    assert leads(graph, node(graph, "dropped"), cut(graph)) and leads(graph, cut(graph), node(graph, "loss"))
    assert ways(graph, node(graph, "unread"), node(graph, "loss")) == ["cut"]
    assert not leads(graph, node(graph, "w"), cut(graph))


def test_an_assigned_value_is_a_cut_between_the_two_variables(notebook: Any) -> None:
    cell = "with tf.GradientTape() as tape:\n    state.assign(w * 5.0)\n    loss = state * 2.0\ntape.gradient(loss, [w])"
    _, graph = check(notebook, "w, state = tf.Variable(2.0), tf.Variable(0.0, trainable=False)", cell)
    assert "assign" in cut(graph).label
    assert leads(graph, node(graph, "w"), cut(graph)) and leads(graph, cut(graph), node(graph, "loss"))


ENTROPY = """
class Entropy(keras.losses.Loss):
    def call(self, y_true, y_pred):
        p = keras.ops.relu(y_pred)
        return -keras.ops.sum(y_true * keras.ops.log(p), axis=-1)
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="logits")])
model.compile(keras.optimizers.SGD(0.1), Entropy())
"""


def test_a_loss_that_computes_before_and_after_the_guilty_op_is_drawn_in_two(notebook: Any) -> None:
    _, graph = check(notebook, ENTROPY, 'model.fit(np.ones((6, 4), "float32"), np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]], verbose=0)')
    guilty = next(n for n in graph.nodes if n.status == "nan" and n.kind == "op")
    assert "log(p)" in guilty.label
    around = [n.id for n in graph.nodes if n.label == "compile_loss/entropy"]
    assert len(around) == 2 and len({n.id for n in graph.nodes}) == len(graph.nodes)
    assert not any(leads(graph, by_id(graph, e.target), by_id(graph, e.source)) for e in graph.edges), "no circle"
    assert node(graph, "loss").kind == "target"
    # The layers are called what the variables call them, and what is not a number says so.
    assert any(n.label.endswith("/logits") for n in graph.nodes if n.kind == "group")
    norms = [e.norm for e in graph.edges if e.source.startswith("v")]
    assert norms and not any(norm is None or math.isfinite(norm) for norm in norms)


def test_a_comparison_beside_the_way_carries_nothing(notebook: Any) -> None:
    cell = "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(tf.where(w > 0, tf.math.log(w), 0.0))\ntape.gradient(loss, [w])"
    report, graph = check(notebook, "w = tf.Variable([0.5, 0.0])", cell)
    assert sorted(e.status for e in graph.edges if e.source == node(graph, "w").id) == ["bad", "unused"]
    (row,) = report.calls[0].variables
    assert row.ratio is not None and math.isnan(row.ratio)


def test_nothing_flows_in_a_call_that_raised(notebook: Any) -> None:
    cell = "with tf.GradientTape() as tape:\n    loss = w * w\ntape.gradient(loss, w)\ntry:\n    tape.gradient(loss, w)\nexcept RuntimeError:\n    pass"
    report, graph = check(notebook, "w = tf.Variable(2.0)", cell)
    assert {e.status for e in report.calls[0].graph.edges} == {"flows"}
    assert {e.status for e in graph.edges} == {"cut", "unused"}
