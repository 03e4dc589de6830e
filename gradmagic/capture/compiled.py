"""Gradients that a compiled function computes, against central differences of the function itself.

After a call, its graph is evaluated once more from what the call began with: the same inputs, the variables as they were, the random numbers that it drew. Each tape in
the graph is asked about at its first run, each custom gradient at its first few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from gradmagic.capture.custom_traced import Traced, gradient_name
from gradmagic.capture.evaluate import HELD, Evaluation
from gradmagic.capture.execution import OutOfTime, Unrepeatable, gives_the_same
from gradmagic.capture.frames import Frame, wide_array
from gradmagic.capture.graph_ops import CALLS, CONDITIONALS, LOOPS, is_dataset
from gradmagic.capture.recompute import Void
from gradmagic.capture.twins import NOTES, TARGET, OnGraph, Template, inner_graphs

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

FIRST = 3
CUSTOMS = OnGraph("customs")
DEEPEST = 24


class Done(Exception):
    """All that was asked about is answered."""


class Kept:
    """A call of a function that a tape saw: what it takes to run it again."""

    def __init__(self, graph: Any, outputs: list[Any], args: Any, table: Mapping[int, Any], recorded: Mapping[int, Any], results: Any) -> None:
        self.graph, self.outputs, self.args, self.table, self.recorded, self.results = graph, outputs, args, table, recorded, results


def bodies(graph: Any, op: Any) -> list[Any]:
    """The known graphs that a call, a conditional or a loop runs, and what is done with each element of a dataset."""
    return [inner for inner in inner_graphs(graph, op) if inner is not None] if op.type in CALLS | CONDITIONALS | LOOPS or is_dataset(op) else []


def customs_in(graph: Any, depth: int = 0) -> list[Any]:
    """The ops of the custom gradients in a graph and in all that it runs."""
    known: list[Any] | None = CUSTOMS.get(graph)
    if known is not None:
        return known
    found = []
    for op in graph.get_operations() if depth < DEEPEST else ():
        if gradient_name(op) is not None:
            found.append(op)
        for inner in bodies(graph, op):
            found += customs_in(inner, depth + 1)
    return CUSTOMS.setdefault(graph, found)  # type: ignore[no-any-return]


def _leading(graph: Any, wanted: set[int], depth: int = 0) -> list[Any]:
    """The ops of a graph that run one of the wanted graphs."""
    return [op for op in graph.get_operations() if any(id(g) in wanted or (depth < DEEPEST and _leading(g, wanted, depth + 1)) for g in bodies(graph, op))]


class Look:
    """What is to be compared in one call of a function."""

    def __init__(self, session: Session, graph: Any, templates: Mapping[Template, Mapping[int, Any]]) -> None:
        self.session, self.graph = session, graph
        self.depth = 0
        counts = session.graphs.custom_runs
        self.customs = [op for op in customs_in(graph) if counts.get(op.outputs[0]._id, 0) < FIRST]
        self.templates = {}
        for template, found in templates.items():
            if template.run.site not in session.graphs.compared:
                self.templates[template] = found
                session.graphs.compared.add(template.run.site)

    def __bool__(self) -> bool:
        return bool(self.customs or self.templates)

    def run(self, args: Any, table: Mapping[int, Any], recorded: Mapping[int, Any], elements: Mapping[int, Mapping[int, Any]]) -> None:
        """Evaluate the call, and compare where the way leads by. `elements` is what came into the graphs that run for each element of a dataset, at the first one."""
        from gradmagic.capture.numeric import deadline, said

        wanted = {id(op.graph) for op in self.customs} | {id(t.graph_now()) for t in self.templates}
        first: list[Any] = _leading(self.graph, wanted)
        first += [op for op in self.customs if op.graph is self.graph]
        for template in self.templates:
            if template.graph_now() is self.graph:
                first += [t for t in template.targets if isinstance(t, tf.Tensor)]
        self.waiting = len(self.templates) + len({id(op) for op in self.customs})
        try:
            self.evaluation = Evaluation(table, recorded, deadline(), self._look, elements)
            self.evaluation.run(self.graph, args, first)
        except Done:
            return
        except (Unrepeatable, Void, OutOfTime) as reason:
            for template in self.templates:
                if not template.compared:
                    template.compared = True
                    said(self.session, template.place, reason)
            if self.customs:
                said(self.session, None, reason, custom=True)

    def _look(self, frame: Frame) -> None:
        from gradmagic.capture.numeric import deadline, said

        # What is compared can need functions that were not evaluated so far, whose frames are looked at meanwhile.
        self.depth += 1
        for op in list(self.customs):
            if op.graph is frame.graph:
                self.customs.remove(op)
                self.waiting -= 1
                self._custom(frame, op)
        for template, found in self.templates.items():
            if template.graph_now() is frame.graph and not template.compared:
                template.compared = True
                self.waiting -= 1
                self.evaluation.deadline = deadline()
                try:
                    _compare(self.session, self.evaluation, frame, template, found)
                except (Unrepeatable, Void, OutOfTime) as reason:
                    said(self.session, template.place, reason)
        self.depth -= 1
        if self.waiting <= 0 and not self.depth:
            raise Done

    def _custom(self, frame: Frame, op: Any) -> None:
        counts = self.session.graphs.custom_runs
        counts[op.outputs[0]._id] = counts.get(op.outputs[0]._id, 0) + 1
        checked = None
        try:
            checked = Traced(self.session, self.evaluation, frame, op)
            checked.check()
        except OutOfTime:
            raise
        except Exception as error:
            # Those of libraries run under conditions that only they know.
            if checked is not None and checked.place is not None:
                self.session.failed(f"check the custom gradient of `{checked.name}` numerically", error)


def _compare(session: Session, evaluation: Evaluation, frame: Frame, template: Template, found: Mapping[int, Any]) -> None:
    """A tape in a graph: its gradients against differences of its target."""
    from gradmagic.capture.numeric import compare

    targets = [t for t in template.targets if isinstance(t, tf.Tensor)]
    if not targets or any(not t.dtype.is_floating for t in targets):
        raise Void("the target is complex or not a float")
    for target in targets:
        now, then = evaluation.find(frame, target), found.get(TARGET) if len(targets) == 1 else None
        if then is not None and not evaluation.drawn and not gives_the_same(now, then):
            raise Void("evaluated once more, the function gives another value")
    gradients, values, place = {}, {}, {}
    for i, source in enumerate(template.run.sources):
        made = template.tensors[i]
        if made is None or not (made.dtype.is_floating or made.dtype.is_complex) or source.id in gradients:
            continue
        gradient = found.get(i) if not evaluation.drawn else None
        gradient = evaluation.find(frame, made) if gradient is None else gradient
        value = frame.table.get(source.id) if source.kind == "variable" else frame.known.get(source.id)
        if value is None or not (value.dtype.is_floating or value.dtype.is_complex):
            continue
        array = wide_array(gradient)
        if template.indices[i] is not None:
            rows = np.asarray(evaluation.find(frame, template.indices[i]).numpy())
            dense = np.zeros(tuple(value.shape), array.dtype)
            np.add.at(dense, rows, array)
            array = dense
        if np.isfinite(array).all() and tuple(value.shape) == array.shape:
            gradients[source.id], values[source.id], place[source.id] = array, wide_array(value), i
    if gradients:
        compare(session, template.run, InGraph(session, evaluation, frame, template, targets, set(gradients)), gradients, values, place)


class InGraph:
    """The way from the sources of a tape in a graph to its target."""

    def __init__(self, session: Session, evaluation: Evaluation, frame: Frame, template: Template, targets: list[Any], sources: set[int]) -> None:
        self.session, self.evaluation, self.frame, self.targets = session, evaluation, frame, targets
        self.variables = {s.id for s in template.run.sources if s.kind == "variable"}
        self.tape, self.notes = template.run.tape, NOTES.get(frame.graph, {})
        note = session.tapes.get(self.tape) if self.tape is not None else None
        places = note.watch_places if note is not None else {}
        self.since = {key: places[key][0] for key in sources if key in places and key not in self.variables}
        weights = template.weights or [None] * len(targets)
        self.weights = [1.0 if w is None else _array(evaluation.find(frame, w) if not hasattr(w, "numpy") else w) for w in weights]
        self.magnitude = self.floor = 0.0
        evaluation.narrow, evaluation.blur = False, 0.0
        evaluation.through.clear()
        self.value({key: wide_array(frame.table[key] if key in self.variables else frame.known[key]) for key in sources})

    @property
    def dtype(self) -> str:
        return "float32" if self.evaluation.narrow else "float64"

    @property
    def blur(self) -> float:
        return self.evaluation.blur

    @property
    def through(self) -> tuple[int, ...]:
        """The ops of the custom gradients that a changed source has reached."""
        return ops_of(self.session, self.evaluation.through)

    def at_corner(self) -> bool:
        """Whether an op on the way stands exactly where its slope changes."""
        return bool(self.evaluation.corners)

    def value(self, moved: Mapping[int, Any]) -> float:
        """The sum of the target, with some sources at other values (arrays of float64)."""
        since = min((self.since.get(key, 0) for key in moved), default=0)

        def held(frame: Frame, op: Any) -> bool:
            if op.type in HELD:
                return True
            noted = self.notes.get(op.name) if frame.graph is self.frame.graph else None
            # What the tape did not record stays, as for the tape.
            return noted is not None and ((self.tape is not None and self.tape not in noted[2]) or noted[0] < since)

        tensors = {key: tf.constant(array) for key, array in moved.items()}
        state = {key: t for key, t in tensors.items() if key in self.variables}
        found = self.evaluation.again(self.frame, state, {k: t for k, t in tensors.items() if k not in state}, self.targets, held)
        arrays = [_array(v) * w for (v, _), w in zip(found, self.weights, strict=True)]
        self.magnitude = float(sum(np.abs(a).sum() for a in arrays))
        return float(sum(a.sum() for a in arrays))


class OfCall:
    """A call of a function on the way of an eager tape: its results for other inputs and other values of its variables.

    Raises:
        Void: the call cannot be evaluated again, or gives something else.
    """

    def __init__(self, session: Session, kept: Kept, wanted: list[int], deadline: float) -> None:
        self.session, self.kept, self.wanted = session, kept, wanted
        self.tensors = [kept.outputs[i] for i in wanted]
        self.evaluation = Evaluation(kept.table, kept.recorded, deadline)
        try:
            self.frame = self.evaluation.run(kept.graph, kept.args, self.tensors)
        except Unrepeatable as reason:
            raise Void(f"a `tf.function` on the way cannot run again: {reason}") from None
        if self.evaluation.drawn:
            raise Void("a `tf.function` on the way draws random numbers where I cannot see them")
        for i, tensor in zip(wanted, self.tensors, strict=True):
            now, then = self.frame.known[tensor._id], kept.results[i]
            if tensor.dtype.is_floating and not gives_the_same(now, then):
                raise Void("evaluated once more, a `tf.function` on the way gives another value")

    def results(self, variables: Mapping[int, Any], changed: Mapping[int, Any], *, wide: bool) -> list[Any]:
        """The wanted results.

        Args:
            variables: other values of variables by the ids of their handles; changed: other values of the inputs, by their number.
        """
        tensors = {self.kept.graph.inputs[i]._id: value for i, value in changed.items()}
        here = {key: value for key, value in variables.items() if key in self.kept.table}
        try:
            return [value for value, _ in self.evaluation.again(self.frame, here, tensors, self.tensors, wide=wide)]
        except Unrepeatable as reason:
            raise Void(f"a `tf.function` on the way cannot run again: {reason}") from None


def ops_of(session: Session, outputs: set[int]) -> tuple[int, ...]:
    """The ops of custom gradients by the ids of their first results in the graph."""
    return tuple(session.traced_customs[out][1].seq if out in session.traced_customs else -out for out in outputs)


def _array(value: Any) -> Any:
    return np.asarray(tf.cast(value, tf.float64).numpy())
