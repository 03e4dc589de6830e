"""Notes -> `Recording`: when the cell has ended and every hook is out."""

from __future__ import annotations

import dataclasses
import functools
import linecache
from typing import TYPE_CHECKING, Any

from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.all_ops import all_ops, name_again
from gradmagic.capture.applied import updates_of
from gradmagic.capture.arrays import arrays_of
from gradmagic.capture.asking import as_written
from gradmagic.capture.backward import Flows, link
from gradmagic.capture.events import RawOp, RawRun, RawStep
from gradmagic.capture.graph_runs import drop_unreached
from gradmagic.capture.identities import as_called, as_one, settle
from gradmagic.capture.numbers import DTYPES, array_of, numbers_of
from gradmagic.capture.pipelines import read_in_pipelines
from gradmagic.capture.replicas import worker
from gradmagic.capture.stale import stale_reads
from gradmagic.capture.trail import trails_of
from gradmagic.capture.unasked import beside_modules, on_their_own
from gradmagic.recording import (
    FLOATS,
    BackwardStep,
    Differentiable,
    Escape,
    GradientRun,
    Layer,
    ModelCall,
    Op,
    Raised,
    Recording,
    Site,
    Source,
    Span,
    Tape,
    Tensor,
    Variable,
)

if TYPE_CHECKING:
    from gradmagic.capture.session import Session

# Their gradient functions are registered and return None for every input.
RETURNS_NONE = frozenset({"Round", "Rint", "Floor", "Ceil", "FloorDiv"})


def recording_of(session: Session) -> Recording:
    """The facts of a session as plain values."""
    drop_unreached(session)
    raw = all_ops(session)
    settle(session, raw)
    as_called(session)
    as_one(session, raw)
    name_again(session)
    by_output = {out: op for op in raw for out in op.outputs}
    trails_of(session)
    links = {id(run): link(run, raw, by_output, session) for run in session.runs}
    session.runs.sort(key=lambda run: (run.seq, run.turn))
    names, faded = session.variables.tensor_names, session.faded
    tensors = {
        key: Tensor(key, t.dtype, t.shape, t.origin if key not in by_output else "op", names.get(key), t.variable, t.finite, t.zero, t.numbers, t.norm, faded.get(key))  # type: ignore[arg-type]
        for key, t in session.tensors.items()
    }
    updates, assignments = updates_of(session, raw, by_output)
    beside, alone = _unasked(session)
    beside |= session.layers.untracked(raw, {s.id for run in session.runs for s in run.sources}) if session.layers else {}
    missing = any(g.missing for run in session.runs for g in run.gradients)
    if session.layers and missing:
        # Nothing may lead to a model any more that a function keeps from before.
        session.layers.name_weights()
        session.layers.name_holders()
    attributes: dict[Any, dict[str, object]] = {}
    spans: dict[int, Span | None] = {}
    ops, code = tuple([_op(session, op, attributes, spans) for op in raw]), _code(session)
    return Recording(
        session.cell,
        ops,
        tensors,
        _variables(session),
        _tapes(session),
        tuple(_run(session, run, links[id(run)], tensors) for run in session.runs),
        tuple(
            Site(s.id, s.kind, session.spans.span(s.place), s.count, s.first_bad, tuple(tuple(n) for n in s.norms), s.renewed, s.trail.fact(s.norms) if s.trail is not None else None)
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
        tuple(ModelCall(seq, name, session.spans.span(place), weights, trains, infers) for seq, name, place, weights, trains, infers in session.layers.calls) if session.layers else (),
        beside,
        alone,
        code,
        _raised(session),
        session.ops_recorded,
        session.ops_dropped,
        tuple(session.failures),
        session.cell_seconds,
        _layers(session, ops, code),
        worker(),
        session.visits.facts(session),
        session.visits.own_copies(session),
        tuple(dict.fromkeys(session.unseen)),
        read_in_pipelines(session, raw, code) if missing else {},
        arrays_of(session, by_output),
    )


def _unasked(session: Session) -> tuple[dict[int, Layer], dict[int, str]]:
    try:
        return beside_modules(session), on_their_own(session)
    except Exception as error:
        session.failed("look for variables that nothing asks for", error)
        return {}, {}


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


def _attributes(pairs: tuple[Any, ...]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in zip(pairs[::2], pairs[1::2], strict=False):
        text = name.decode() if isinstance(name, bytes) else str(name)
        is_dtype = text in ("T", "SrcT", "DstT", "dtype", "out_type", "output_type") and not isinstance(value, str)
        found[text] = DTYPES.get(value, getattr(value, "name", value)) if is_dtype else value
    return found


def _op(session: Session, op: RawOp, known: dict[Any, dict[str, object]], spans: dict[int, Span | None]) -> Op:
    try:
        # Most ops of a kind have the same attributes.
        attributes = known.get(op.attrs)
        if attributes is None:
            attributes = known[op.attrs] = _attributes(op.attrs)
    except TypeError:
        attributes = _attributes(op.attrs)
    span = op.span
    if span is None and op.place is not None:
        # Ops of one line share the place, too, which is told apart faster than looked up.
        key = id(op.place)
        span = spans[key] if key in spans else spans.setdefault(key, session.spans.span(op.place))
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
        None if op.gradient is None else session.spans.span(op.gradient),
    )


def _variables(session: Session) -> dict[int, Variable]:
    found = {}
    now = session.changes.now(k for k, known in session.variables.known.items() if not _is_large(known.shape)) if len(session.variables.known) < 2000 else {}
    for key, known in session.variables.known.items():
        array = array_of(now[key]) if key in now and known.dtype in FLOATS else None
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
            None if array is None or session.changes.is_finite(key, array) else numbers_of(now[key]),
            tuple(s for s in map(session.spans.span, known.made_by) if s is not None),
            tuple(sorted(known.holders)),
            known.written,
            tuple((turns, span, name) for turns, place, name in sorted(known.calls, key=lambda c: c[0]) if (span := session.spans.span(place)) is not None),
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
            t.name,
        )
        for t in session.tapes.values()
    }


def _run(session: Session, run: RawRun, steps: list[RawStep], tensors: dict[int, Tensor]) -> GradientRun:
    flows = Flows(run)
    targets = tuple(tensors.get(t) or Tensor(t, "unknown", None, "unknown") for t in run.targets)
    return GradientRun(
        run.seq,
        run.site,
        run.turn,
        run.kind,
        session.spans.span(run.place),
        run.tape,
        targets,
        _told_apart(session, as_written(run.sources, session.spans.span(run.place))),
        run.gradients,
        tuple([_step(step, flows) for step in steps]),
        run.raised,
        run.target_type,
        run.in_graph,
        run.unconnected_zero,
        run.target_value,
    )


def _told_apart(session: Session, sources: tuple[Source, ...]) -> tuple[Source, ...]:
    """Different sources under different names."""
    if len({s.name for s in sources}) == len({s.id for s in sources}):
        return sources
    if session.layers:
        session.layers.name_weights()
    found, taken = [], dict[str, list[int]]()
    for source in sources:
        name = session.variables.name(source.id) if source.kind == "variable" else source.name
        others = taken.setdefault(name, [])
        if source.id not in others:
            others.append(source.id)
        number = others.index(source.id) + 1
        found.append(dataclasses.replace(source, name=name if number == 1 else f"{name} ({number})"))
    return tuple(found)


def _step(step: RawStep, flows: Flows) -> BackwardStep:
    inputs, outputs = step.close
    received, sent = tuple(map(flows.__getitem__, step.received)), tuple(map(flows.__getitem__, step.sent))
    return BackwardStep(step.seq, step.type, step.op, received, sent, inputs, outputs, step.examples, step.skipped)


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
