"""A `tf.function` that was called under a tape, which sees it as one op: its values, and the gradients on the way back through it.

Where a gradient went bad, the call is run again op by op, aside, and the gradient that came to its results is taken back through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.python.eager import backprop
from tensorflow.python.framework import dtypes, indexed_slices
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.backward import note_step
from gradmagic.capture.events import RawRun, RawStep
from gradmagic.capture.execution import Unrepeatable, attributes, gives_the_same
from gradmagic.capture.graph_ops import CALLS, CONDITIONALS, LOOPS
from gradmagic.capture.inside import note_values
from gradmagic.capture.memory import may_write
from gradmagic.capture.replay import Replay, snapshot
from gradmagic.capture.twins import OUTPUTS, OnGraph, inner_graphs

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

MOST = 32
WRITTEN = OnGraph("written")


class Under:
    """One call, with what the variables that it writes to held before."""

    def __init__(self, atomic: Any, args: Any, outputs: Any, before: list[tuple[Any, Any]], tapes: frozenset[int]) -> None:
        self.graph, self.args, self.outputs, self.before, self.tapes = atomic._cached_graph, args, outputs, before, tapes
        known = OUTPUTS.get(atomic)
        self.wanted = list(self.graph.outputs) if known is None or len(known) != len(outputs) else known


def written_by(graph: Any, args: Any) -> list[tuple[Any, Any]]:
    """(handle, value) of the variables among the inputs that a graph, or one that it calls, may write to."""
    positions = WRITTEN.get(graph)
    if positions is None:
        writing = {t._id for op in graph.get_operations() if _may_write(graph, op) for t in op.inputs}
        positions = WRITTEN.setdefault(graph, frozenset(i for i, t in enumerate(graph.inputs) if t._id in writing))
    return snapshot([a for i, a in enumerate(args) if i in positions]) if positions else []


def _may_write(graph: Any, op: Any) -> bool:
    if op.type in CALLS | CONDITIONALS | LOOPS:
        inner = inner_graphs(graph, op)
        return any(g is None or any(_may_write(g, o) for o in g.get_operations()) for g in inner)
    return may_write(op.type)


def keep(session: Session, atomic: Any, args: Any, outputs: Any, before: list[tuple[Any, Any]]) -> None:
    """Remember a call until the gradients of its tapes were asked for."""
    known = session.graphs.under
    release(session, used=True)
    if outputs and len(known) < MOST and len(atomic._cached_graph.inputs) == len(args):
        known[outputs[0]._id] = Under(atomic, args, outputs, before, session.doing.active)


def release(session: Session, *, used: bool = False) -> None:
    """Forget the calls under tapes that will not be asked again; with `used` also those under persistent ones that were asked."""
    for key, call in list(session.graphs.under.items()):
        tapes = [session.tapes.get(i) for i in call.tapes]
        if all(t is None or (t.used and (used or not t.persistent)) for t in tapes):
            del session.graphs.under[key]


def look_under_tape(session: Session, run: RawRun) -> None:
    """Note the values and the backward steps inside the calls that a bad gradient came back through: of each function at its first such call."""
    known = session.graphs.under
    calls = {id(known[ids[0]].graph): came for came in reversed(run.entering) if (ids := came[0]) and ids[0] in known}
    # From the last one on, so that the places of the others among the steps stay right.
    for ids, gradients, results, place in sorted(calls.values(), key=lambda came: -came[3]):
        first = len(run.steps)
        try:
            _look(session, run, known[ids[0]], dict(zip(ids, gradients, strict=False)), results)
        except Exception as reason:
            session.failed("run a `tf.function` again to look inside", reason)
            del run.steps[first:]
        found = _decisive(run, run.steps[first:])
        del run.steps[first:]
        run.steps[place:place] = found


def _look(session: Session, run: RawRun, call: Under, gradients: Mapping[int, Any], results: Any) -> None:
    with session.aside():
        held = {handle._id: value for handle, value in call.before}
        variables = [(handle, held.get(handle._id, value)) for handle, value in snapshot(call.args)]
        again = Rerun(variables, {t._id: value for t, value in zip(call.wanted, call.outputs, strict=False)})
        again.run(call.graph, call.args)
        for tensor, before in zip(call.wanted, call.outputs, strict=False):
            now = again.top.get(tensor._id)
            # Under several tapes a function gives all that their gradients may need; lists of tensors among it cannot be compared.
            compared = gradients.get(before._id) is not None and before.dtype not in (dtypes.resource, dtypes.variant)
            if compared and not gives_the_same(now, before):
                raise Unrepeatable("run again, it gives another value")
        note_values(session, again)
        session.doing.current_run = run
        try:
            left = again.back(session, run, {t._id: gradients[v._id] for t, v in zip(call.wanted, call.outputs, strict=False) if gradients.get(v._id) is not None})
            inside = [again.top.get(tensor._id) for tensor in call.graph.inputs]
            for value, result in zip(inside, results, strict=False):
                if value is not None and result is not None and value._id in left:
                    note_step(session, "PartitionedCall", None, None, (left[value._id],), [result])
        finally:
            session.doing.current_run = None
            run.hiding.clear()


def _decisive(run: RawRun, steps: list[RawStep]) -> list[RawStep]:
    """One step for each op of the graph, which a loop runs many times: the first that turned a good gradient bad."""

    def rank(step: RawStep) -> int:
        received, sent = ([run.flows[key] for key in keys if key in run.flows] for keys in (step.received, step.sent))
        if any(not f[1] for f in sent) and all(f[1] for f in received):
            return 2
        return int(any(f[2] for f in sent) and any(not f[2] for f in received))

    found: dict[tuple[int | None, ...], RawStep] = {}
    for step in steps:
        if step.outputs is None:
            continue
        known = found.get(step.outputs)
        if known is None or rank(step) > rank(known):
            found[step.outputs] = step
    kept = {id(s) for s in found.values()}
    return [s for s in steps if s.outputs is None or id(s) in kept]


class Rerun(Replay):
    """A replay that keeps what it ran, for the way back. What cannot be repeated, and what was computed from it alone, is what the call itself gave."""

    def __init__(self, variables: list[tuple[Any, Any]], given: dict[int, Any]) -> None:
        super().__init__(variables, {})
        self._given = given
        self._done: list[tuple[Any, list[Any], list[Any]]] = []

    def _op(self, graph: Any, op: Any, known: dict[int, Any]) -> None:
        try:
            super()._op(graph, op, known)
        except Unrepeatable:
            for out in op.outputs:
                known[out._id] = self._given.get(out._id)

    def executed(self, op: Any, inputs: list[Any], results: list[Any]) -> None:
        self._done.append((op, inputs, results))

    def back(self, session: Session, run: RawRun, gradients: Mapping[int, Any]) -> dict[int, Any]:
        """Take gradients of the results, by the ids of the graph's tensors, back to the inputs, a step for each op that ran. What came to the inputs, by the ids of their values."""
        waiting: dict[int, Any] = {}
        for key, gradient in gradients.items():
            value = self.top.get(key)
            if value is not None:
                _add(waiting, value._id, gradient)
        for op, inputs, outputs in reversed(self._done):
            received = [waiting.pop(o._id, None) if o is not None else None for o in outputs]
            if not inputs or all(g is None for g in received):
                continue
            try:
                framework_ops.gradient_registry.lookup(op.type)
            except LookupError:
                continue
            received = [tf.zeros_like(o) if g is None and o is not None and o.dtype not in (dtypes.resource, dtypes.variant) else _dense(g) for g, o in zip(received, outputs, strict=True)]
            sent = backprop._gradient_function(op.type, attributes(op), len(inputs), inputs, outputs, received, (), "")
            sent = list(sent) if isinstance(sent, (list, tuple)) else [sent]
            note_step(session, op.type, inputs, outputs, received, sent)
            step = run.steps[-1]
            step.inputs, step.outputs = tuple(t._id for t in op.inputs), tuple(t._id for t in op.outputs)
            for value, gradient in zip(inputs, sent, strict=False):
                if gradient is not None and value is not None:
                    _add(waiting, value._id, gradient)
        return waiting


def _dense(gradient: Any) -> Any:
    return tf.convert_to_tensor(gradient) if isinstance(gradient, indexed_slices.IndexedSlices) else gradient


def _add(waiting: dict[int, Any], key: int, gradient: Any) -> None:
    before = waiting.get(key)
    # Lists of tensors are variants, which only `add_n` adds.
    waiting[key] = gradient if before is None else tf.add_n([_dense(before), _dense(gradient)])
