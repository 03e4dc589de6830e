"""Graphs: the ops inside `tf.function`, and the values of gradients that are computed there."""

from __future__ import annotations

import types
import weakref
from collections.abc import Mapping
from typing import Any

from tensorflow.python.eager import context, record
from tensorflow.python.eager.polymorphic_function import atomic_function
from tensorflow.python.framework import dtypes, errors, func_graph
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.events import RawRun, RawSite, RawStep
from gradmagic.capture.graph_ops import graphs_of, is_repeatable
from gradmagic.capture.inside import look_inside
from gradmagic.capture.replay import has_values, snapshot
from gradmagic.capture.session import Session
from gradmagic.capture.spans import Place
from gradmagic.capture.turns import Turns, leads, turns_of
from gradmagic.capture.twins import HIDDEN, NOTES, OUTPUTS, PROBES, RECORDED, TARGET, Probe, Template, expect, in_control_flow, outside_control_flow, twin_of
from gradmagic.capture.under_tape import Under, keep, written_by
from gradmagic.recording import Gradient

MOST_KEPT = 1000


class Graphs:
    """What is known of the graphs that the cell traces and calls."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.calls: list[tuple[int, Any, tuple[int | None, ...], tuple[int | None, ...], Place | None, frozenset[int], str]] = []
        self.traced_runs: list[Template] = []
        # For `--numeric`: calls by the id of their first result, how often each custom gradient in a graph was looked at, and the sites in graphs that were.
        self.kept: dict[int, Any] = {}
        self.custom_runs: dict[int, int] = {}
        self.compared: set[int] = set()
        # Graphs in which a gradient call raised while they were traced.
        self.broken: list[Any] = []
        # The gradient calls, by the ids of their templates, of functions that an error stopped.
        self.stopped: set[int] = set()
        # Calls under a tape, by the id of their first result, until its gradients were asked for.
        self.under: dict[int, Under] = {}
        # The custom gradients that gave None while the backward passes of functions were traced.
        self.declined: list[RawStep] = []
        # The dtypes of variables that were seen to have a value, by the ids of their handles.
        self.held: dict[int, Any] = {}
        self._listed: weakref.WeakSet[Any] = weakref.WeakSet()

    def note(self, graph: Any, name: str | None, seq: int, place: Place | None) -> None:
        """An op was added to a graph while it was traced."""
        if name is not None:
            doing = self.session.doing
            # Some gradient functions report an op under the name that it asked for, which an op of the forward pass has.
            NOTES.setdefault(graph, {}).setdefault(name, (seq, place, doing.active, doing.phase, doing.layer, self.session.by_user(place)))

    def knows(self, function: Any) -> bool:
        """Whether a Keras training function was traced while a check watched."""
        return any(graph in PROBES for inner in _compiled_in(function) for graph in graphs_of(inner))

    def template(self, run: RawRun, site: RawSite, results: list[Any], targets: list[Any]) -> None:
        """A gradient call was traced: remember which tensors will hold its answers."""
        graph = framework_ops.get_default_graph()
        template = Template(run, site, results, targets, graph)
        run.gradients = tuple(Gradient(r is None, None if t is None else t._id, None, s) for r, t, s in zip(results, template.tensors, template.sparse, strict=True))
        expect(template, graph)
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
        if graph not in self._listed:
            # A variable that only a layer holds is known by nothing else.
            self._listed.add(graph)
            for variable in graph.variables:
                if session.variables.key(variable) not in session.variables.known:
                    session.variables.add(variable)
        ids = tuple(getattr(a, "_id", None) for a in args)
        outputs = outputs or ()
        outs = tuple(getattr(o, "_id", None) for o in outputs)
        for tensor, key in zip(args, ids, strict=True):
            if key is not None:
                session.visits.read(key, None)
            if key is not None and key not in session.tensors:
                session.tensors[key] = session.variables.identify(tensor)
        from gradmagic.capture.ops import note_tensor

        for tensor, key in zip(outputs, outs, strict=True):
            if key is not None and isinstance(tensor, framework_ops.EagerTensor):
                session.tensors[key] = note_tensor(session, tensor)
        if len(self.calls) < 1000:
            self.calls.append((session.next(), atomic, ids, outs, session.here(2), session.doing.active, session.doing.phase))

    def before(self, graph: Any, args: Any) -> list[tuple[Any, Any]] | None:
        """What a call under a tape may change; None where no tape of the user's looks on."""
        if graph is None or not self.session.doing.active:
            return None
        try:
            with self.session.aside():
                return written_by(graph, args)
        except Exception as error:
            self.session.failed("note what a `tf.function` may change", error)
            return None

    def keep(self, atomic: Any, args: Any, outputs: Any, before: list[tuple[Any, Any]] | None) -> None:
        """Remember a call under a tape."""
        if before is not None and not atomic.name.startswith(b"__inference___backward"):
            keep(self.session, atomic, args, outputs, before)


def _compiled_in(function: Any, depth: int = 0) -> list[Any]:
    """The compiled functions that a Python function closes over, itself or through a wrapper."""
    found = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:
            continue
        if hasattr(content, "_function_cache"):
            found.append(content)
        elif depth < 3 and isinstance(content, types.FunctionType):
            found += _compiled_in(content, depth + 1)
    return found


class Call:
    """One eager call of a function that computes gradients, from before it ran until its gradients are looked at."""

    def __init__(self, session: Session, graph: Any, args: Any) -> None:
        self.session, self.graph, self.args = session, graph, args
        with session.aside():
            self.before = snapshot(args, session.graphs.held)

    def ended(self, probes: list[Probe], values: Any, turns: Turns | None = None) -> None:
        """Note the gradients; where they are worse than before, replay the call to see where they went bad."""
        from gradmagic.capture.graph_runs import note_graph_run

        values_before = {handle._id: value for handle, value in self.before}
        answers: dict[int, tuple[Template, dict[int, Any]]] = {}
        recorded: dict[int, Any] = {}
        for probe, value in zip(probes, values, strict=True):
            recorded[probe.origin] = value
            if probe.template is not None:
                answers.setdefault(id(probe.template), (probe.template, {}))[1][probe.index] = value
        for template in {p.template for p in probes if p.template is not None}:
            answers.setdefault(id(template), (template, {}))
        worse = [run for template, found in answers.values() if (run := note_graph_run(self.session, template, found, found.get(TARGET), values_before)) is not None]
        # What the first call still has to initialize cannot be replayed; the next call shows it.
        hidden = [t for t in HIDDEN.get(self.graph, ()) if not t.seen and not (turns and turns.covers(t))]
        hidden = hidden if hidden and has_values(self.args, self.before) else []
        recorded = {k: v for k, v in recorded.items() if v is not None}
        for run, body, turn in turns.worse if turns is not None else ():
            worse.append(run)
            body.shown = turn
        if worse or hidden:
            look_inside(self.session, self, recorded, worse, hidden, turns)
        if self.session.numeric:
            found = dict(answers.values())
            own = {p.origin for p in probes if p.template is not None}
            bodies = [body for body in turns.bodies.values() if body.kept] if turns is not None else []
            inside = {k: v for body in bodies for k, v in body.kept[0].items()}
            hidden = [*HIDDEN.get(self.graph, ()), *(p.template for body in bodies for p in body.probes if p.template is not None)]
            elements = {id(body.graph): body.kept[0] for body in bodies}
            self.compare({**inside, **{k: v for k, v in recorded.items() if k not in own}}, {**{t: {} for t in hidden}, **found}, elements)

    def compare(self, recorded: dict[int, Any], templates: Mapping[Template, Mapping[int, Any]], elements: Mapping[int, Mapping[int, Any]] | None = None) -> None:
        """Compare what the call computed with numerical derivatives."""
        from gradmagic.capture.compiled import Look
        from gradmagic.capture.numeric import unnoticed

        try:
            with unnoticed(self.session):
                look = Look(self.session, self.graph, templates)
                if look:
                    look.run(self.args, {handle._id: value for handle, value in self.before}, recorded, elements or {})
        except Exception as error:
            self.session.failed("compare the gradients inside a `tf.function` with numerical derivatives", error)

    def keep(self, outputs: list[Any], probes: list[Probe], values: Any, results: Any) -> None:
        """Remember the call of a function that a tape sees, for `--numeric`."""
        from gradmagic.capture.compiled import Kept

        recorded = {probe.origin: value for probe, value in zip(probes, values, strict=False) if value is not None}
        for tensor, value in zip(outputs, results, strict=False):
            if not is_repeatable(tensor.op) and isinstance(value, framework_ops.EagerTensor) and value.dtype not in (dtypes.resource, dtypes.variant):
                recorded[tensor._id] = value
        self.compare(recorded, {})
        if self.session.doing.active and results and len(self.session.graphs.kept) < MOST_KEPT:
            self.session.graphs.kept[results[0]._id] = Kept(self.graph, outputs, self.args, {handle._id: value for handle, value in self.before}, recorded, results)


def install(session: Session) -> None:
    """Note every function that is called, and run its twin where gradients are computed inside."""
    session.graphs = Graphs(session)
    original_call, original_make = atomic_function.AtomicFunction.call_flat, atomic_function.from_func_graph

    def from_func_graph(name: Any, graph: Any, attrs: Any, function_type: Any = None, overwrite: bool = False) -> Any:
        made = original_make(name, graph, attrs, function_type, overwrite)
        OUTPUTS[made] = list(graph.outputs)
        return made

    def call_flat(self: Any, *args: Any) -> Any:
        graph = self._cached_graph
        if session.busy or graph is None or not (graph in PROBES or graph in HIDDEN or leads(graph)) or self not in OUTPUTS or self.name.startswith(b"__inference___backward"):
            if session.numeric and not session.busy and graph is not None and context.executing_eagerly() and not self.name.startswith(b"__inference___backward"):
                return kept_call(self, graph, args)
            if session.busy or not context.executing_eagerly():
                return original_call(self, *args)
            before = session.graphs.before(graph, args)
            outputs = original_call(self, *args)
            session.graphs.called(self, args, outputs)
            session.graphs.keep(self, args, outputs, before)
            return outputs
        eager = context.executing_eagerly()
        twin, probes = (None, []) if not eager and record.could_possibly_record() else twin_of(session, self, graph, original_make)
        if not eager and twin is None:
            return original_call(self, *args)
        call = Call(session, graph, args) if eager else None
        turns = turns_of(session, self, twin, graph) if call is not None and twin is not None else None
        if call is not None and turns is not None:
            turns.begin(session, {handle._id: value for handle, value in call.before})
        try:
            everything = original_call(turns.function if turns is not None else twin or self, *args)
        except BaseException as error:
            if isinstance(error, errors.OpError):
                session.graphs.stopped |= {id(t) for t in (*(p.template for p in probes), *HIDDEN.get(graph, ())) if t is not None}
            if turns is not None:
                if call is not None and turns.worse:
                    # What the turns before it gave, of which one may be the reason.
                    look(call, [], (), turns)
                turns.end()
            raise
        count = len(self.function_type.flat_outputs)
        outputs, extra = (everything[:count], everything[count:]) if twin is not None and everything is not None else (everything, ())
        if call is not None:
            session.graphs.called(self, args, outputs)
            look(call, probes, extra, turns)
            if turns is not None:
                turns.end()
        else:
            _pass_on(graph, probes, extra)
        return outputs

    def look(call: Call, probes: list[Probe], values: Any, turns: Turns | None) -> None:
        try:
            call.ended(probes, values, turns)
        except Exception as error:
            session.failed("look at the gradients inside a `tf.function`", error)

    def kept_call(self: Any, graph: Any, args: Any) -> Any:
        call = Call(session, graph, args)
        known = OUTPUTS.get(self)
        twin, probes = twin_of(session, self, graph, original_make) if known is not None else (None, [])
        everything = original_call(twin or self, *args)
        count = len(self.function_type.flat_outputs)
        outputs, extra = (everything[:count], everything[count:]) if twin is not None and everything is not None else (everything, ())
        session.graphs.called(self, args, outputs)
        try:
            call.keep(known if known is not None else list(graph.outputs), probes, extra, list(outputs or ()))
        except Exception as error:
            session.failed("remember the call of a `tf.function`", error)
        return outputs

    session.patches.set(atomic_function.AtomicFunction, "call_flat", call_flat)
    _patch_everywhere(session, original_make, from_func_graph)


def _pass_on(graph: Any, probes: list[Probe], values: Any) -> None:
    """A function was called by another graph while that was traced: what is wanted of it is wanted of the outer one."""
    outer = framework_ops.get_default_graph()
    if not isinstance(outer, func_graph.FuncGraph):
        return
    if in_control_flow(outer):
        HIDDEN.setdefault(outside_control_flow(outer), []).extend({p.template for p in probes if p.template is not None})
    elif graph in HIDDEN:
        HIDDEN.setdefault(outer, []).extend(HIDDEN.get(graph))
    PROBES.setdefault(outer, []).extend(Probe(p.template, p.index, t, p.origin) for p, t in zip(probes, values, strict=False))


def _patch_everywhere(session: Session, original: Any, replacement: Any) -> None:
    from tensorflow.python.eager.polymorphic_function import concrete_function

    session.patches.set(atomic_function, "from_func_graph", replacement)
    if getattr(concrete_function, "from_func_graph", None) is original:
        session.patches.set(concrete_function, "from_func_graph", replacement)


__all__ = ["NOTES", "PROBES", "RECORDED", "Call", "Graphs", "install"]
