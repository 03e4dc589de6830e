"""A twin of a function runs in its place while the check lasts: the same graph with further outputs, the same inputs, one run.

The further outputs are the gradients that are computed inside, their targets, and the results of ops that a second run would not repeat, so that the call
can be replayed. The user's own graph and function are never changed.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.python.framework import dtypes, func_graph, ops

from gradmagic.capture.events import RawRun, RawSite
from gradmagic.capture.graph_ops import functions_of, is_repeatable

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

TARGET = -1
RECORDED = -2


class Template:
    """A gradient call inside a graph: what it asks for, and which tensors of the graph hold the answers."""

    def __init__(self, run: RawRun, site: RawSite, results: list[Any], targets: list[Any], graph: Any) -> None:
        self.run, self.kind, self.place = run, site.kind, site.place
        self.sparse = [isinstance(r, tf.IndexedSlices) for r in results]
        self.missing = [r is None for r in results]
        self.shapes = [None if r is None else tuple(r.shape) if r.shape.rank is not None else None for r in results]
        self.tensors = [None if r is None else getattr(r, "values", r) for r in results]
        self.indices = [getattr(r, "indices", None) for r in results]
        self.target = targets[0] if len(targets) == 1 and isinstance(targets[0], tf.Tensor) else None
        self.targets = targets
        self.weights: list[Any] = []
        self.seen = self.ran = self.compared = False
        self.runs = 0
        self._graph = weakref.ref(graph) if isinstance(graph, func_graph.FuncGraph) else lambda: graph

    def graph_now(self) -> Any:
        """The graph, which its function keeps alive."""
        return self._graph()


class Probe:
    """A tensor of a graph whose value is wanted: gradient number `index` of a template, its target, or a result to record under the id `origin`."""

    __slots__ = ("index", "origin", "template", "tensor")

    def __init__(self, template: Template | None, index: int, tensor: Any, origin: int) -> None:
        self.template, self.index, self.tensor, self.origin = template, index, tensor, origin


class OnGraph:
    """Something kept on a graph itself: what is kept refers to the graph, and both go together when the graph does."""

    def __init__(self, name: str) -> None:
        self.name = "_gradmagic_" + name

    def __contains__(self, graph: Any) -> bool:
        return getattr(graph, self.name, None) is not None

    def get(self, graph: Any, default: Any = None) -> Any:
        """What is kept on a graph."""
        return getattr(graph, self.name, default)

    def setdefault(self, graph: Any, default: Any) -> Any:
        """What is kept on a graph, `default` from now on if nothing was."""
        known = getattr(graph, self.name, None)
        if known is None:
            setattr(graph, self.name, default)
            return default
        return known


PROBES = OnGraph("probes")
# Gradient calls in the bodies of loops and conditionals, by the graph of the function: their values cannot be outputs.
HIDDEN = OnGraph("hidden")
NOTES = OnGraph("notes")
# The gradient functions that were called to make a graph, with what they were given and gave.
STEPS = OnGraph("steps")
OUTPUTS: weakref.WeakKeyDictionary[Any, list[Any]] = weakref.WeakKeyDictionary()
_TWINS: weakref.WeakKeyDictionary[Any, tuple[Any, list[Probe]]] = weakref.WeakKeyDictionary()


def in_control_flow(graph: Any) -> bool:
    """Whether a graph is the body of a loop or conditional."""
    return type(graph).__name__ in ("CondBranchFuncGraph", "WhileCondFuncGraph", "WhileBodyFuncGraph")


def outside_control_flow(graph: Any) -> Any:
    """The graph of the function that a loop or conditional stands in, from the graph of its body."""
    while in_control_flow(graph) and isinstance(graph.outer_graph, func_graph.FuncGraph):
        graph = graph.outer_graph
    return graph


def expect(template: Template, graph: Any) -> None:
    """Have the values of a gradient call read whenever its graph runs."""
    if not isinstance(graph, func_graph.FuncGraph):
        return
    wanted = [*enumerate(template.tensors), (TARGET, template.target)]
    found = [Probe(template, i, t, t._id) for i, t in wanted if t is not None and getattr(t, "graph", None) is graph]
    PROBES.setdefault(graph, []).extend(found)
    if in_control_flow(graph):
        HIDDEN.setdefault(outside_control_flow(graph), []).append(template)


def twin_of(session: Session, atomic: Any, graph: Any, make: Any) -> tuple[Any, list[Probe]]:
    """The twin of a function and what its further outputs are; (None, []) where it cannot be made."""
    probes = PROBES.get(graph) or []
    known = _TWINS.get(atomic)
    if known is not None and known[1][: len(probes)] == probes:
        return known
    everything = probes + _to_record(graph, {p.tensor._id for p in probes})
    before, structured = list(graph.outputs), graph.structured_outputs
    try:
        graph.outputs = OUTPUTS[atomic] + [p.tensor for p in everything]
        graph.structured_outputs = graph.outputs
        # Errors name the function that ran: the twin is called as TensorFlow would call another trace of it.
        name = f"{atomic.name.decode().rstrip('0123456789')}{ops.uid()}"
        twin = make(name, graph, {k: v for k, v in atomic.attributes.items() if not k.startswith("_gradient")})
        OUTPUTS[twin] = list(graph.outputs)
    except Exception as error:
        session.failed("read the gradients inside a `tf.function`", error)
        twin, everything = None, []
    finally:
        graph.outputs = before
        graph.structured_outputs = structured
    _TWINS[atomic] = (twin, everything)
    return twin, everything


def _to_record(graph: Any, known: set[int]) -> list[Probe]:
    found = []
    for op in graph.get_operations():
        if not is_repeatable(op) and not any(out.dtype in (dtypes.resource, dtypes.variant) for out in op.outputs):
            found += [Probe(None, RECORDED, out, out._id) for out in op.outputs if out._id not in known]
    return found


def function_named(graph: Any, name: str) -> tuple[Any, Any]:
    """The function that a graph calls by name, and its graph; None for what is not known."""
    while graph is not None:
        functions = getattr(graph, "_functions", {})
        found = functions.get(name) or functions.get(name.encode() if isinstance(name, str) else name)
        if found is None and hasattr(graph, "_get_function"):
            found = graph._get_function(name)
        if found is not None:
            return found, getattr(found, "_cached_graph", None) or getattr(found, "graph", None)
        graph = getattr(graph, "outer_graph", None)
    return None, None


def function_of(graph: Any, name: str) -> tuple[Any, list[Any]]:
    """(graph, outputs) of a function that a graph calls by name; (None, []) where it is not known."""
    found, inner = function_named(graph, name)
    if inner is None:
        return None, []
    try:
        return inner, OUTPUTS.get(found) or list(inner.outputs)
    except TypeError:
        return inner, list(inner.outputs)


def inner_graphs(graph: Any, op: Any) -> list[Any]:
    """The graphs of the functions that an op of a graph runs: what it calls, the branches of a conditional, the condition and body of a loop. None for one that is not known."""
    return [function_of(graph, f.name)[0] for f in functions_of(op)]
