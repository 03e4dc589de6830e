"""Graphs -> ops: a call of a function as if its ops had run in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorflow.python.framework import func_graph

from gradmagic.capture.events import RawOp, RawTensor
from gradmagic.capture.graph_ops import CALLS, CONDITIONALS, LOOPS
from gradmagic.capture.numbers import dtype_name, shape_of
from gradmagic.capture.spans import GENERATED, Place
from gradmagic.capture.twins import NOTES, function_of
from gradmagic.recording import Span

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

MAX_DEPTH = 24

Branches = tuple[tuple[int, str], ...]


class Unroller:
    """Turns graphs into ops with ids of their own; the first time that a graph is met its own ids are kept."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ops: list[RawOp] = []
        self._met: set[int] = set()
        self.budget = session.max_ops

    def graph(self, graph: Any) -> None:
        """A graph that is not called from anywhere known: its inputs stay inputs, its captured variables are the variables."""
        if id(graph) in self._met:
            return
        outer = getattr(graph, "outer_graph", None)
        if isinstance(outer, func_graph.FuncGraph):
            self.graph(outer)
            if id(graph) in self._met:
                return
        known = {}
        for outside, inside in getattr(graph, "captures", None) or ():
            known[inside._id] = resolve(outside)
        self._ops(graph, known, (), self.session.doing.active, None, 0)

    def first_call(self, graph: Any, inputs: tuple[int | None, ...], outputs: tuple[int | None, ...], place: Place | None, tapes: frozenset[int], phase: str) -> None:
        """As `call`, for a graph that was not met yet: its ops keep their own phases."""
        if id(graph) not in self._met:
            self.call(graph, inputs, outputs, place, tapes, None)

    def call(self, graph: Any, inputs: tuple[int | None, ...], outputs: tuple[int | None, ...], place: Place | None, tapes: frozenset[int], phase: str | None) -> None:
        """A call from eager code, with the ids of its inputs and outputs."""
        known = {inside._id: outside for inside, outside in zip(graph.inputs, inputs, strict=False) if outside is not None}
        results = self._ops(graph, known, (), tapes, place, 0, phase)
        for inside, outside in zip(graph.outputs, outputs, strict=False):
            if outside is not None:
                self._merge((results.get(inside._id, inside._id),), outside, (), tapes, place)

    def _fresh(self, tensor: Any, known: dict[int, int], again: bool) -> int:
        key = tensor._id
        if key not in known:
            known[key] = self.session.fresh_id() if again else key
            self.session.tensors.setdefault(known[key], RawTensor(dtype_name(tensor), shape_of(tensor)))
        return known[key]

    def _ops(self, graph: Any, known: dict[int, int], branches: Branches, tapes: frozenset[int], place: Place | None, depth: int, phase: str | None = None) -> dict[int, int]:
        again = id(graph) in self._met
        self._met.add(id(graph))
        notes = NOTES.get(graph, {})
        operations = graph.get_operations()
        for tensor in getattr(graph, "inputs", ()):
            if tensor._id not in known:
                key = self._fresh(tensor, known, again)
                self.session.tensors[key].origin = "input"
        for op in operations:
            if self.budget <= 0:
                break
            # A small value from outside stands in a graph as a constant.
            if op.type in ("Placeholder", "Const") and op.outputs and op.outputs[0]._id in known:
                continue
            self.budget -= 1
            seq, noted, inner_tapes, noted_phase, layer, by_user = notes.get(op.name, (0, None, frozenset(), "forward", None, False))
            if not seq or again:
                seq = self.session.next()
            body = _body_of(graph, op)
            span = _span_of(self.session, op, noted) if body is None else _span_of(self.session, body, notes[body.name][1] if body.name in notes else None)
            recording = tapes | inner_tapes
            inputs = tuple(self._fresh(t, known, again) for t in op.inputs)
            if op.type in CALLS and depth < MAX_DEPTH:
                inner, results = function_of(graph, op.get_attr("f").name)
                if inner is not None:
                    self._enter(inner, results, inputs, op, known, branches, recording, place, depth)
                    continue
            outputs = tuple(self._fresh(t, known, again) for t in op.outputs)
            if op.type in CONDITIONALS | LOOPS and depth < MAX_DEPTH:
                conditional = op.type in CONDITIONALS
                owner = RawOp(seq, op.type, inputs[:1] if conditional else (), (), place, _scope(op.name), recording, "forward", (), layer, name=op.name, in_graph=True, span=span, branches=branches)
                self.ops.append(owner)
                (self._conditional if conditional else self._loop)(graph, op, owner, inputs, outputs, depth)
                continue
            kind, inputs, outputs = _custom(op, inputs, outputs, self.session.custom.get(op.outputs[0]._id, 0) if op.outputs else 0)
            raw = RawOp(seq, kind, inputs, outputs, noted or place, _scope(op.name), recording, phase or noted_phase, _attributes(op), layer, name=op.name, in_graph=True, span=span, branches=branches)
            raw.by_user = by_user
            raw.unnoted = op.name not in notes
            self.ops.append(raw)
        if not again:
            self.session.stands_for.update({inside: outside for inside, outside in known.items() if inside != outside})
        return known

    def _enter(self, inner: Any, made: list[Any], inputs: tuple[int, ...], op: Any, known: dict[int, int], branches: Branches, tapes: frozenset[int], place: Place | None, depth: int) -> None:
        inside = {t._id: i for t, i in zip(inner.inputs, inputs, strict=False)}
        results = self._ops(inner, inside, branches, tapes, place, depth + 1)
        for outer, result in zip(op.outputs, made, strict=False):
            if result._id in results:
                known[outer._id] = results[result._id]

    def _conditional(self, graph: Any, op: Any, owner: RawOp, inputs: tuple[int, ...], outputs: tuple[int, ...], depth: int) -> None:
        """The bodies of a conditional, whose results meet in the results of `owner`."""
        if op.type in ("Case", "StatelessCase"):
            bodies = [(str(i), f.name) for i, f in enumerate(op.get_attr("branches"))]
        else:
            bodies = [("then", op.get_attr("then_branch").name), ("else", op.get_attr("else_branch").name)]
        merged: list[list[int]] = [[] for _ in outputs]
        for label, name in bodies:
            inner, _ = function_of(graph, name)
            if inner is None:
                continue
            inside = {t._id: i for t, i in zip(inner.inputs, inputs[1:], strict=False)}
            results = self._ops(inner, inside, (*owner.branches, (owner.seq, label)), owner.tapes, owner.place, depth + 1)
            for found, tensor in zip(merged, inner.outputs, strict=False):
                found.append(results.get(tensor._id, tensor._id))
        for sources, out in zip(merged, outputs, strict=True):
            self._merge(tuple(sources), out, owner.branches, owner.tapes, owner.place, owner.span, owner.seq)

    def _loop(self, graph: Any, op: Any, owner: RawOp, inputs: tuple[int, ...], outputs: tuple[int, ...], depth: int) -> None:
        """One turn of the loop that `owner` stands for."""
        inner, _ = function_of(graph, op.get_attr("body").name)
        if inner is None:
            for before, out in zip(inputs, outputs, strict=False):
                self._merge((before,), out, owner.branches, owner.tapes, owner.place, owner.span, owner.seq)
            return
        inside: dict[int, int] = {}
        for tensor, before in zip(inner.inputs, inputs, strict=False):
            if dtype_name(tensor) == "resource":
                inside[tensor._id] = before
            else:
                self._fresh(tensor, inside, True)
        owner.inputs = self._condition(graph, op, owner, [inside[t._id] for t in inner.inputs], depth)
        results = self._ops(inner, inside, (*owner.branches, (owner.seq, "body")), owner.tapes, owner.place, depth + 1)
        for tensor, before, after, out in zip(inner.inputs, inputs, inner.outputs, outputs, strict=False):
            turned = results.get(after._id, after._id)
            if inside[tensor._id] != before:
                self._merge((before, turned), inside[tensor._id], owner.branches, owner.tapes, owner.place, owner.span)
            self._merge((before, turned), out, owner.branches, owner.tapes, owner.place, owner.span, owner.seq)

    def _condition(self, graph: Any, op: Any, owner: RawOp, state: list[int], depth: int) -> tuple[int, ...]:
        """What decides on another turn of a loop."""
        inner, outputs = function_of(graph, op.get_attr("cond").name)
        if inner is None:
            return ()
        results = self._ops(inner, {t._id: now for t, now in zip(inner.inputs, state, strict=False)}, (*owner.branches, (owner.seq, "cond")), owner.tapes, owner.place, depth + 1)
        return tuple(results.get(t._id, t._id) for t in outputs[:1])

    def _merge(self, sources: tuple[int, ...], out: int, branches: Branches, tapes: frozenset[int], place: Place | None, span: Span | None = None, owner: int | None = None) -> None:
        attributes = ("owner", owner) if owner is not None else ()
        self.ops.append(RawOp(self.session.next(), "Merge", sources, (out,), place, "", tapes, "forward", attributes, in_graph=True, span=span, branches=branches))


def resolve(tensor: Any) -> int:
    """The id of a captured tensor outside of all the graphs that pass it on."""
    for _ in range(MAX_DEPTH):
        graph = getattr(tensor, "graph", None) if not hasattr(tensor, "_numpy_internal") else None
        outside = None
        for candidate, inside in getattr(graph, "captures", None) or ():
            if inside is tensor:
                outside = candidate
        if outside is None:
            break
        tensor = outside
    return int(tensor._id)


def _custom(op: Any, inputs: tuple[int, ...], outputs: tuple[int, ...], results: int) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    if op.type == "IdentityN":
        try:
            op.get_attr("_gradient_op_type")
        except ValueError:
            return op.type, inputs, outputs
        return "CustomGradient", inputs[results:], outputs[:results] if results else outputs
    return op.type, inputs, outputs


def _attributes(op: Any) -> tuple[Any, ...]:
    if op.type == "Cast":
        return ("DstT", op.get_attr("DstT").as_datatype_enum)
    return ()


def _scope(name: str) -> str:
    return name.rpartition("/")[0] + "/" if "/" in name else ""


def _body_of(graph: Any, op: Any) -> Any:
    """The op that `vectorized_map` traced for one element, where `op` does it for all of them: it stands on the line that a user knows."""
    one, _, all_ = op.name.partition("/pfor/")
    if not all_:
        return None
    try:
        return graph.get_operation_by_name(one)
    except (KeyError, ValueError):
        return None


def _span_of(session: Session, op: Any, noted: Place | None) -> Span | None:
    """The user's line for a graph op, through AutoGraph as well; with columns where the noted frame is that line."""
    try:
        frames = op.traceback
    except Exception:
        frames = ()
    # Each frame is made when it is asked for.
    for index in reversed(range(len(frames))):
        frame = frames[index]
        filename, line, function = frame.filename, frame.lineno, frame.name
        if GENERATED in filename:
            filename, line, function = session.spans.translated(filename, line) or (filename, line, function)
        if session.spans.is_user_file(filename):
            if noted is not None and getattr(noted[0], "co_filename", noted[0]) == filename and noted[2] == line:
                return session.spans.span(noted)
            return session.spans.lookup(filename, line, function)
    return session.spans.span(noted)
