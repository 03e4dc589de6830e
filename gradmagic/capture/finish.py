"""Notes -> `Recording`: when the cell has ended and every hook is out."""

from __future__ import annotations

import dataclasses
import functools
import linecache
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.events import RawOp, RawRun, RawStep, RawUpdate
from gradmagic.capture.numbers import DTYPES, numbers_of
from gradmagic.capture.replicas import worker
from gradmagic.capture.stale import stale_reads
from gradmagic.capture.twins import HIDDEN, PROBES
from gradmagic.capture.unroll import Unroller
from gradmagic.recording import (
    WRITES,
    Applied,
    Assignment,
    BackwardStep,
    Differentiable,
    Escape,
    Flow,
    GradientRun,
    Layer,
    ModelCall,
    Op,
    Raised,
    Recording,
    Site,
    Tape,
    Tensor,
    Update,
    Variable,
)

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

REACH = 400
# Their gradient functions are registered and return None for every input.
RETURNS_NONE = frozenset({"Round", "Rint", "Floor", "Ceil", "FloorDiv"})


def recording_of(session: Session) -> Recording:
    """The facts of a session as plain values."""
    raw = _all_ops(session)
    _settle(session, raw)
    _as_called(session)
    _as_one(session, raw)
    by_output = {out: op for op in raw for out in op.outputs}
    links = {id(run): _link(run, raw, by_output, session) for run in session.runs}
    session.runs.sort(key=lambda run: (run.seq, run.turn))
    tensors = {
        key: Tensor(key, t.dtype, t.shape, t.origin if key not in by_output else "op", session.variables.tensor_names.get(key), t.variable, t.finite, t.zero, t.numbers, t.norm)  # type: ignore[arg-type]
        for key, t in session.tensors.items()
    }
    updates, assignments = _updates(session, raw, by_output)
    ops, code = tuple(_op(session, op) for op in raw), _code(session)
    return Recording(
        session.cell,
        ops,
        tensors,
        _variables(session),
        _tapes(session),
        tuple(_run(session, run, links[id(run)], tensors) for run in session.runs),
        tuple(
            Site(s.id, s.kind, session.spans.span(s.place), s.count, s.first_bad, tuple(tuple(n) for n in s.norms), s.renewed)
            for s in session.sites.values()
            if any(r.site == s.id for r in session.runs)
        ),
        updates,
        assignments,
        tuple(Escape(seq, tensor, how, session.spans.span(place)) for seq, tensor, how, place in session.escapes),
        tuple(session.numeric_checks),
        session.changes.facts(),
        tuple(dataclasses.replace(t, span=session.spans.span(t.span)) for t in session.training),
        tuple(stale_reads(session)),
        tuple(ModelCall(seq, name, session.spans.span(place), weights, trains) for seq, name, place, weights, trains in session.layers.calls) if session.layers else (),
        session.layers.untracked(raw, {s.id for run in session.runs for s in run.sources}) if session.layers else {},
        code,
        _raised(session),
        session.ops_recorded,
        session.ops_dropped,
        tuple(session.failures),
        session.cell_seconds,
        _layers(session, ops, code),
        worker(),
        tuple(dict.fromkeys(session.unseen)),
    )


def _as_called(session: Session) -> None:
    """What a gradient call inside a function was asked for, by the ids that the function was called with."""
    outside = session.stands_for
    for run in session.runs:
        run.targets = tuple(outside.get(t, t) for t in run.targets)
        run.sources = tuple(dataclasses.replace(s, id=outside[s.id]) if s.id in outside else s for s in run.sources)
    for tape in session.tapes.values():
        tape.watched = {outside.get(k, k) for k in tape.watched}
        tape.watch_places = {outside.get(k, k): v for k, v in tape.watch_places.items()}


def _as_one(session: Session, ops: list[RawOp]) -> None:
    """What happened to the copies that a strategy keeps of a variable, told of the one variable that they are for the user."""
    copies = session.variables.copies()
    if not copies:
        return

    def one(key: int | None) -> Any:
        return copies.get(key, key) if key is not None else None

    for op in ops:
        op.inputs, op.outputs = tuple(map(one, op.inputs)), tuple(map(one, op.outputs))
    for run in session.runs:
        run.sources = tuple(dataclasses.replace(s, id=one(s.id)) for s in run.sources)
        for step in run.steps:
            step.inputs = None if step.inputs is None else tuple(map(one, step.inputs))
    for tensor in session.tensors.values():
        tensor.variable = one(tensor.variable)
    session.assignments = [(seq, one(variable), how, value, place) for seq, variable, how, value, place in session.assignments]
    for key in copies:
        session.variables.known.pop(key, None)


def _settle(session: Session, ops: list[RawOp]) -> None:
    waiting = set(session.variables.doubtful)
    for op in ops:
        for key in waiting.intersection(op.inputs) if waiting else ():
            waiting.discard(key)
            tensor = session.tensors.get(key)
            span = op.span if op.span is not None else session.spans.span(op.place)
            if tensor is None or span is None:
                continue
            code = span.code[span.column : span.end_column] if span.line == span.end_line and span.end_column else span.code
            tensor.variable = session.variables.settle(key, code)
            tensor.origin = "variable" if tensor.variable is not None else "constant"


def _all_ops(session: Session) -> list[RawOp]:
    unroller = Unroller(session)
    graphs = getattr(session, "graphs", None)
    if graphs is not None:
        # A call says what went into the graph that asks for gradients: its ops are told with the ids of that.
        for _, atomic, inputs, outputs, place, tapes, phase in graphs.calls:
            if atomic._cached_graph in PROBES or atomic._cached_graph in HIDDEN:
                _contained(session, functools.partial(unroller.first_call, atomic._cached_graph, inputs, outputs, place, tapes, phase))
        ran = {t.run.site for t in graphs.traced_runs if t.ran}
        for template in graphs.traced_runs:
            # Keras traces once to make the variables and again to use them: only what ran counts.
            if (template.ran or template.run.site not in ran) and any(r.site == template.run.site for r in session.runs):
                _contained(session, functools.partial(unroller.graph, template.graph_now()))
        for seq, atomic, inputs, outputs, place, tapes, phase in graphs.calls:
            if any(r.seq >= seq for r in session.runs):
                _contained(session, functools.partial(unroller.call, atomic._cached_graph, inputs, outputs, place, tapes, phase))
                # The call happened at its own time, whatever came while it was unrolled.
    ops = session.ops + unroller.ops
    ops.sort(key=lambda op: op.seq)
    return ops


def _contained(session: Session, action: Any) -> None:
    try:
        action()
    except Exception as error:
        session.failed("read a graph", error)


@functools.cache
def _differentiable(kind: str) -> Differentiable:
    if kind == "CustomGradient":
        return "custom"
    if kind == "Merge":
        return "yes"
    if kind in RETURNS_NONE:
        return "none"
    try:
        return "none" if framework_ops.gradient_registry.lookup(kind) is None else "yes"
    except LookupError:
        return "missing"


def _op(session: Session, op: RawOp) -> Op:
    attributes: dict[str, object] = {}
    pairs = op.attrs
    for name, value in zip(pairs[::2], pairs[1::2], strict=False):
        text = name.decode() if isinstance(name, bytes) else str(name)
        is_dtype = text in ("T", "SrcT", "DstT", "dtype", "out_type", "output_type") and not isinstance(value, str)
        attributes[text] = DTYPES.get(value, getattr(value, "name", value)) if is_dtype else value
    span = op.span if op.span is not None else session.spans.span(op.place)
    return Op(
        op.seq,
        op.type,
        op.inputs,
        op.outputs,
        span,
        op.scope,
        op.name,
        op.tapes,
        _differentiable(op.type),
        op.phase,  # type: ignore[arg-type]
        op.in_graph,
        op.branches,
        attributes,
        session.layers.key(op.layer) if op.layer is not None and not op.by_user else None,
        op.unnoted,
        session.spans.span(op.gradient),
    )


def _variables(session: Session) -> dict[int, Variable]:
    found = {}
    for key, known in session.variables.known.items():
        value = None
        if known.ref is not None and known.ref() is not None and len(session.variables.known) < 2000 and not _is_large(known.shape):
            with session.aside():
                try:
                    value = numbers_of(known.ref().read_value_no_copy())
                except Exception:
                    value = None
        found[key] = Variable(
            key,
            known.path,
            known.dtype,
            known.shape,
            known.trainable,
            tuple(known.names),
            known.owner,
            known.created,
            session.spans.span(known.place),
            value,
            tuple(s for s in map(session.spans.span, known.made_by) if s is not None),
            tuple(sorted(known.holders)),
        )
    return found


def _layers(session: Session, ops: tuple[Op, ...], code: dict[str | int, str]) -> dict[int, Layer]:
    if session.layers is None:
        return {}
    try:
        found: dict[int, Layer] = session.layers.facts({op.layer for op in ops if op.layer is not None}, code)
        return found
    except Exception as error:
        session.failed("find the lines that made the layers", error)
        return {}


def _is_large(shape: tuple[int | None, ...] | None) -> bool:
    size = 1
    for d in shape or ():
        size *= d or 1
    return size > 1 << 24


def _tapes(session: Session) -> dict[int, Tape]:
    return {
        t.id: Tape(
            t.id,
            session.spans.span(t.place),
            t.persistent,
            t.watch_accessed,
            tuple(t.recording),
            frozenset(t.watched),
            tuple((seq, session.spans.span(place)) for seq, place in t.resets),
            {key: (seq, session.spans.span(place)) for key, (seq, place) in t.watch_places.items()},
            tuple((start, end, session.spans.span(place)) for start, end, place in t.stops),
        )
        for t in session.tapes.values()
    }


def _run(session: Session, run: RawRun, steps: list[RawStep], tensors: dict[int, Tensor]) -> GradientRun:
    targets = tuple(tensors.get(t) or Tensor(t, "unknown", None, "unknown") for t in run.targets)
    return GradientRun(
        run.seq,
        run.site,
        run.turn,
        run.kind,
        session.spans.span(run.place),
        run.tape,
        targets,
        run.sources,
        run.gradients,
        tuple(_step(step, run) for step in steps),
        run.raised,
        run.target_type,
        run.in_graph,
        run.unconnected_zero,
        run.target_value,
    )


def _step(step: RawStep, run: RawRun) -> BackwardStep:
    def flow(key: int | None) -> Flow | None:
        if key is None:
            return None
        norm, finite, zero = run.flows.get(key, (None, None, None))
        return Flow(key, norm, finite, zero)

    inputs, outputs = step.close
    return BackwardStep(step.seq, step.type, step.op, tuple(map(flow, step.received)), tuple(map(flow, step.sent)), inputs, outputs, step.examples, step.skipped)


def _link(run: RawRun, ops: list[RawOp], by_output: dict[int, RawOp], session: Session) -> list[RawStep]:
    """Find the op behind every step: by the ids of its forward values where the tape kept them, else by following gradients back from the target."""
    by_seq = {o.seq: o for o in ops}
    sums: dict[int, list[RawOp]] = {}
    for adder in ops:
        if adder.phase == "backward" and adder.type in ("AddN", "AddV2", "Add"):
            for key in adder.inputs:
                sums.setdefault(key, []).append(adder)
    about: dict[int, set[int]] = {}
    taken: set[int] = set()

    def say(gradient: int | None, value: int) -> None:
        waiting = [gradient]
        while waiting:
            key = waiting.pop()
            if key is None or value in about.setdefault(key, set()):
                continue
            about[key].add(value)
            waiting.extend(out for adder in sums.get(key, ()) for out in adder.outputs)

    for step in run.steps:
        op: RawOp | None = by_seq.get(step.op) if step.op is not None else _op_of(session, step, run, by_seq, by_output, about, taken)
        if op is None:
            continue
        step.op = op.seq
        taken.add(op.seq)
        for gradient, value in zip(step.sent, op.inputs, strict=False):
            say(gradient, value)
    return run.steps


def _op_of(session: Session, step: RawStep, run: RawRun, by_seq: dict[int, RawOp], by_output: dict[int, RawOp], about: dict[int, set[int]], taken: set[int]) -> RawOp | None:
    def outside(key: int | None) -> int | None:
        return session.stands_for.get(key, key) if key is not None else None

    def fits(op: RawOp | None) -> bool:
        return op is not None and op.type == step.type and op.seq not in taken

    for key in map(outside, step.outputs or ()):
        if key is not None and fits(by_output.get(key)):
            return by_output[key]
        made = by_output.get(key) if key is not None else None
        if made is not None and made.type == "Merge" and made.attrs and made.attrs[1] in by_seq:
            return by_seq[made.attrs[1]]
    candidates = [by_output.get(value) for key in step.received if key is not None for value in about.get(key, ())]
    candidates += [by_output.get(session.stands_for.get(t, t)) for t in run.targets] if not candidates else []
    known = {i for i in map(outside, step.inputs or ()) if i is not None}
    fitting = [op for op in candidates if op is not None and fits(op)]
    for op in fitting:
        if known and known <= set(op.inputs):
            return op
    return fitting[0] if fitting and not known else None


def _updates(session: Session, ops: list[RawOp], by_output: dict[int, RawOp]) -> tuple[tuple[Update, ...], tuple[Assignment, ...]]:
    owner: dict[int, tuple[int, int]] = {}
    for index, run in enumerate(session.runs):
        for source, gradient in zip(run.sources, run.gradients, strict=False):
            if gradient.id is not None:
                owner[gradient.id] = (source.id, index)

    @functools.cache
    def origins(key: int) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        waiting, seen = [key], set[int]()
        while waiting and len(seen) < REACH:
            current = waiting.pop(0)
            if current in seen:
                continue
            seen.add(current)
            if current in owner:
                found.append(owner[current])
                continue
            op = by_output.get(current)
            if op is not None:
                waiting.extend(op.inputs)
        return tuple(dict.fromkeys(found))

    def pair(variable: int, gradient: int | None) -> Applied:
        sources = origins(gradient) if gradient is not None else ()
        mine = [s for s in sources if s[0] == variable]
        chosen = mine[0] if mine else sources[0] if len(sources) == 1 else None
        run = chosen[1] if chosen else sources[0][1] if sources else None
        return Applied(variable, gradient, chosen[0] if chosen else None, run)

    updates = [
        Update(
            u.seq,
            u.kind,
            session.spans.span(u.place),
            u.optimizer,
            tuple(pair(v, g) for v, g in u.pairs),
            u.skipped,
            u.raised,
            u.count,
            u.in_graph,
            u.type,
            _learning_rate(session, u),
            u.repeated,
            u.fresh,
        )
        for u in session.updates
    ]
    noted = [(seq, variable, how, value, session.spans.span(place)) for seq, variable, how, value, place in session.assignments]
    noted += [(op.seq, op.inputs[0], op.type, op.inputs[-1], op.span) for op in ops if op.in_graph and op.type in WRITES and op.phase != "update"]
    assignments = [Assignment(*a) for a in sorted(noted, key=lambda a: a[0])]
    in_update = {op.seq for op in ops if op.phase == "update"}
    places: dict[Any, Update] = {}
    for a in assignments:
        if a.value is None or a.seq in in_update:
            continue
        made = pair(a.variable, a.value)
        if made.run is None:
            continue
        before = places.get(a.span)
        pairs = (*before.pairs, made) if before else (made,)
        places[a.span] = Update(before.seq if before else a.seq, "assign", a.span, None, _unique(pairs), count=1)
    return (*updates, *places.values()), tuple(assignments)


def _learning_rate(session: Session, update: RawUpdate) -> float | None:
    optimizer: Any = update.optimizer_ref() if update.optimizer_ref is not None else None
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    try:
        with session.aside():
            # Variables of older versions of Keras are arrays and no numbers.
            return float(np.asarray(optimizer.learning_rate))
    except Exception:
        return None


def _unique(pairs: Iterable[Applied]) -> tuple[Applied, ...]:
    return tuple({p.variable: p for p in pairs}.values())


def _code(session: Session) -> dict[str | int, str]:
    found: dict[str | int, str] = {"current": session.cell.source}
    for filename, cell in session.spans.cells.items():
        if cell != "current":
            found[cell] = "".join(linecache.getlines(filename))
    for filename, is_user in session.spans._user_file.items():
        if is_user and filename not in session.spans.cells:
            shown = session.spans.at(filename, 1).file
            if shown is not None:
                found[shown] = "".join(linecache.getlines(filename))
    return found


def _raised(session: Session) -> Raised | None:
    error = session.raised
    if error is None:
        return None
    place = session.raised_place()
    return Raised(type(error).__name__, str(error)[:2000], session.spans.span(place))
