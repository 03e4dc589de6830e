"""Graphs: the ops inside `tf.function`, and the values of gradients that are computed there.

A graph is never changed for the user. Gradients inside a function are read by a twin of the function, which has them as further outputs and runs in its
place while the check lasts: same graph, same inputs, one run.
"""

from __future__ import annotations

import weakref
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context, record
from tensorflow.python.eager.polymorphic_function import atomic_function
from tensorflow.python.framework import func_graph
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.events import RawRun, RawSite
from gradmagic.capture.ops import flow_of
from gradmagic.capture.session import Session
from gradmagic.capture.spans import Place
from gradmagic.recording import Gradient


class Template:
    """A gradient call inside a graph: what it asks for, and which tensors of the graph hold the answers."""

    def __init__(self, run: RawRun, site: RawSite, results: list[Any], graph: Any) -> None:
        self.run, self.kind, self.place = run, site.kind, site.place
        self.sparse = [isinstance(r, tf.IndexedSlices) for r in results]
        self.missing = [r is None for r in results]
        self.shapes = [None if r is None else tuple(r.shape) if r.shape.rank is not None else None for r in results]
        self._graph = weakref.ref(graph) if isinstance(graph, func_graph.FuncGraph) else lambda: graph

    def graph_now(self) -> Any:
        """The graph, which its function keeps alive."""
        return self._graph()


class Probe:
    """A tensor of a graph whose value is wanted: gradient number `index` of a template (-1: its target)."""

    __slots__ = ("index", "template", "tensor")

    def __init__(self, template: Template, index: int, tensor: Any) -> None:
        self.template, self.index, self.tensor = template, index, tensor


PROBES: weakref.WeakKeyDictionary[Any, list[Probe]] = weakref.WeakKeyDictionary()
NOTES: weakref.WeakKeyDictionary[Any, dict[str, tuple[int, Place | None, frozenset[int], str]]] = weakref.WeakKeyDictionary()
_TWINS: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
_OUTPUTS: weakref.WeakKeyDictionary[Any, list[Any]] = weakref.WeakKeyDictionary()


class Graphs:
    """What is known of the graphs that the cell traces and calls."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.calls: list[tuple[int, Any, tuple[int | None, ...], tuple[int | None, ...], Place | None, frozenset[int], str]] = []
        self.templates: dict[int, Template] = {}
        self.traced_runs: list[Template] = []
        self.unseen: set[str] = set()

    def note(self, graph: Any, name: str | None, seq: int, place: Place | None) -> None:
        """An op was added to a graph while it was traced."""
        if name is not None:
            NOTES.setdefault(graph, {})[name] = (seq, place, self.session.active, self.session.phase)

    def knows(self, function: Any) -> bool:
        """Whether a Keras training function was traced while a check watched."""
        for cell in getattr(function, "__closure__", None) or ():
            content = cell.cell_contents
            for concrete in getattr(content, "_list_all_concrete_functions", lambda: [])():
                if concrete.graph in PROBES:
                    return True
        return False

    def template(self, run: RawRun, site: RawSite, results: list[Any]) -> None:
        """A gradient call was traced: remember which tensors will hold its answers."""
        graph = framework_ops.get_default_graph()
        template = Template(run, site, results, graph)
        run.gradients = tuple(Gradient(r is None, None if r is None else getattr(getattr(r, "values", r), "_id", None), None, s) for r, s in zip(results, template.sparse, strict=True))
        if isinstance(graph, func_graph.FuncGraph) and not _in_control_flow(graph):
            probes = PROBES.setdefault(graph, [])
            probes.extend(Probe(template, i, getattr(r, "values", r)) for i, r in enumerate(results) if r is not None and getattr(r, "values", r).graph is graph)
        self.traced_runs.append(template)
        if run.turn == 0:
            self.session.runs.append(run)
            self.session.kept_until = run.seq
        if any(template.missing) and site.first_bad is None:
            site.first_bad = run.turn

    def called(self, atomic: Any, args: Any, outputs: Any) -> None:
        """A function ran eagerly: its graph stands for the ops that ran."""
        try:
            self._called(atomic, args, outputs)
        except Exception as error:
            self.session.failed("note the call of a `tf.function`", error)

    def _called(self, atomic: Any, args: Any, outputs: Any) -> None:
        session = self.session
        graph = atomic._cached_graph
        if graph is None or atomic.name.startswith(b"__inference___backward"):
            return
        ids = tuple(getattr(a, "_id", None) for a in args)
        outputs = outputs or ()
        outs = tuple(getattr(o, "_id", None) for o in outputs)
        for tensor, key in zip(args, ids, strict=True):
            if key is not None and key not in session.tensors:
                session.tensors[key] = session.variables.identify(tensor)
        from gradmagic.capture.ops import note_tensor

        for tensor, key in zip(outputs, outs, strict=True):
            if key is not None and isinstance(tensor, framework_ops.EagerTensor):
                session.tensors[key] = note_tensor(session, tensor)
        if len(self.calls) < 1000:
            self.calls.append((session.next(), atomic, ids, outs, session.here(2), session.active, session.phase))


def _in_control_flow(graph: Any) -> bool:
    return type(graph).__name__ in ("CondBranchFuncGraph", "WhileCondFuncGraph", "WhileBodyFuncGraph")


def install(session: Session) -> None:
    """Note every function that is called, and run its twin where gradients are computed inside."""
    session.graphs = Graphs(session)
    original_call, original_make = atomic_function.AtomicFunction.call_flat, atomic_function.from_func_graph

    def from_func_graph(name: Any, graph: Any, attrs: Any, function_type: Any = None, overwrite: bool = False) -> Any:
        made = original_make(name, graph, attrs, function_type, overwrite)
        _OUTPUTS[made] = list(graph.outputs)
        return made

    def call_flat(self: Any, *args: Any) -> Any:
        if session.busy:
            return original_call(self, *args)
        graph = self._cached_graph
        probes = PROBES.get(graph) if graph is not None else None
        if not probes or self not in _OUTPUTS or self.name.startswith(b"__inference___backward"):
            outputs = original_call(self, *args)
            if context.executing_eagerly():
                session.graphs.called(self, args, outputs)
            return outputs
        twin = _twin_of(session, self, graph, probes, original_make)
        if twin is None or (not context.executing_eagerly() and record.could_possibly_record()):
            return original_call(self, *args)
        everything = original_call(twin, *args)
        count = len(self.function_type.flat_outputs)
        outputs, extra = everything[:count], everything[count:]
        if context.executing_eagerly():
            session.graphs.called(self, args, outputs)
            try:
                _note_values(session, probes[: len(extra)], extra)
            except Exception as error:
                session.failed("look at the gradients inside a `tf.function`", error)
        else:
            outer = framework_ops.get_default_graph()
            if isinstance(outer, func_graph.FuncGraph) and not _in_control_flow(outer):
                PROBES.setdefault(outer, []).extend(Probe(p.template, p.index, t) for p, t in zip(probes, extra, strict=False))
        return outputs

    session.patches.set(atomic_function.AtomicFunction, "call_flat", call_flat)
    _patch_everywhere(session, original_make, from_func_graph)


def _patch_everywhere(session: Session, original: Any, replacement: Any) -> None:
    from tensorflow.python.eager.polymorphic_function import concrete_function

    session.patches.set(atomic_function, "from_func_graph", replacement)
    if getattr(concrete_function, "from_func_graph", None) is original:
        session.patches.set(concrete_function, "from_func_graph", replacement)


def _twin_of(session: Session, atomic: Any, graph: Any, probes: list[Probe], make: Any) -> Any:
    known = _TWINS.get(atomic)
    if known is not None and known[1] == len(probes):
        return known[0]
    outputs = _OUTPUTS[atomic]
    before = list(graph.outputs)
    structured = graph.structured_outputs
    try:
        graph.outputs = outputs + [p.tensor for p in probes]
        graph.structured_outputs = graph.outputs
        name = atomic.name.decode() + f"_with_gradients_{session.next()}"
        twin = make(name, graph, {k: v for k, v in atomic.attributes.items() if not k.startswith("_gradient")})
    except Exception as error:
        session.failed("read the gradients inside a `tf.function`", error)
        twin = None
    finally:
        graph.outputs = before
        graph.structured_outputs = structured
    _TWINS[atomic] = (twin, len(probes))
    return twin


def _note_values(session: Session, probes: list[Probe], values: Any) -> None:
    from gradmagic.capture.tapes import note_graph_run

    answers: dict[int, tuple[Template, dict[int, Any]]] = {}
    for probe, value in zip(probes, values, strict=True):
        answers.setdefault(id(probe.template), (probe.template, {}))[1][probe.index] = value
    for template, found in answers.values():
        note_graph_run(session, template, found)


__all__ = ["NOTES", "PROBES", "Graphs", "Probe", "Template", "flow_of", "install"]
