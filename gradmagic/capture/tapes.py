"""Tapes (when they record, what they watch) and every call that asks for gradients."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import backprop, context
from tensorflow.python.framework import ops as framework_ops
from tensorflow.python.ops import gradients_impl

from gradmagic.capture.events import RawRun, RawSite, RawTape
from gradmagic.capture.numbers import array_of, dtype_name, numbers_of, shape_of
from gradmagic.capture.ops import flow_of, identity_of, note_tensor
from gradmagic.capture.session import Session
from gradmagic.capture.spans import Place
from gradmagic.recording import Gradient, Raised, Source
from gradmagic.sizes import limits, sizes

_KEY = "_gradmagic_tape"
RANK = {"ok": 0, "exploding": 1, "zero": 2, "none": 3, "inf": 4, "nan": 5, "error": 6}


def install(session: Session) -> None:
    """Note tapes from their opening to their last use, and what every gradient call yields."""
    _watch_tapes(session)
    tape_class: Any = backprop.GradientTape
    for name in ("gradient", "jacobian", "batch_jacobian"):
        _watch_call(session, tape_class, name)
    _watch_tf_gradients(session)


def _tape_of(session: Session, tape: Any) -> RawTape:
    known = tape.__dict__.get(_KEY)
    if known is None or known.id not in session.tapes:
        known = RawTape(session.next(), None, tape._persistent, tape._watch_accessed_variables)
        tape.__dict__[_KEY] = known
        session.tapes[known.id] = known
        session.patches.on_undo(lambda: tape.__dict__.pop(_KEY, None))
    return known


def _watch_tapes(session: Session) -> None:
    tape_class: Any = backprop.GradientTape
    push, pop, watch, stop, reset = tape_class._push_tape, tape_class._pop_tape, tape_class.watch, tape_class.stop_recording, tape_class.reset

    def _push_tape(self: Any) -> None:
        push(self)
        if session.busy:
            return
        session.open_tapes.append((self, threading.get_ident()))
        note = _tape_of(session, self)
        if not note.recording:
            note.place = session.here()
            note.in_graph = not context.executing_eagerly()
        note.recording.append((session.next(), None))
        session.doing.active = session.doing.active | {note.id}

    def _pop_tape(self: Any) -> None:
        pop(self)
        if session.busy:
            return
        session.open_tapes = [t for t in session.open_tapes if t[0] is not self]
        note = _tape_of(session, self)
        if note.recording and note.recording[-1][1] is None:
            note.recording[-1] = (note.recording[-1][0], session.next())
        session.doing.active = session.doing.active - {note.id}

    def _watch(self: Any, tensor: Any) -> None:
        watch(self, tensor)
        if session.busy:
            return
        note = _tape_of(session, self)
        for t in backprop._extract_tensors_and_variables(tensor):
            key = session.variables.key(t)
            if key is None:
                continue
            note.watched.add(key)
            note.watch_places.setdefault(key, (session.next(), session.here()))
            if not hasattr(t, "handle") and key not in session.tensors and isinstance(t, framework_ops.EagerTensor):
                session.tensors[key] = note_tensor(session, t, "unknown")

    @contextlib.contextmanager
    def stop_recording(self: Any) -> Iterator[None]:
        place, start = session.here(3), session.next()
        with stop(self):
            try:
                yield
            finally:
                if not session.busy:
                    _tape_of(session, self).stops.append((start, session.next(), place))

    def _reset(self: Any) -> None:
        if not session.busy:
            _tape_of(session, self).resets.append((session.next(), session.here()))
        reset(self)

    for name, value in (("_push_tape", _push_tape), ("_pop_tape", _pop_tape), ("watch", _watch), ("stop_recording", stop_recording), ("reset", _reset)):
        session.patches.set(tape_class, name, value)


def _watch_call(session: Session, tape_class: Any, name: str) -> None:
    original = getattr(tape_class, name)

    def call(self: Any, target: Any, sources: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or session.doing.current_run is not None:
            return original(self, target, sources, *args, **kwargs)
        zero = _asks_for_zeros(args[1] if name == "gradient" and len(args) > 1 else kwargs.get("unconnected_gradients"))
        return ask(
            session,
            f"tape.{name}",
            _tape_of(session, self),
            target,
            sources,
            lambda: original(self, target, sources, *args, **kwargs),
            sys._getframe(1),
            zero,
        )

    session.patches.set(tape_class, name, call)


def _watch_tf_gradients(session: Session) -> None:
    original = gradients_impl.gradients_v2

    def gradients(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or session.doing.current_run is not None:
            return original(ys, xs, *args, **kwargs)
        zero = _asks_for_zeros(kwargs.get("unconnected_gradients"))
        return ask(session, "tf.gradients", None, ys, xs, lambda: original(ys, xs, *args, **kwargs), sys._getframe(1), zero)

    def hessians(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
        if session.busy or session.doing.current_run is not None:
            return second(ys, xs, *args, **kwargs)
        return ask(session, "tf.hessians", None, ys, xs, lambda: second(ys, xs, *args, **kwargs), sys._getframe(1))

    second = tf.hessians
    session.patches.set(tf, "hessians", hessians)
    session.patches.set(gradients_impl, "gradients_v2", gradients)
    session.patches.set(tf, "gradients", gradients)


def _asks_for_zeros(value: Any) -> bool:
    return getattr(value, "value", value) == "zero"


def flatten(structure: Any) -> list[Any]:
    """As `tf.nest.flatten`; a structure that it cannot take apart is one leaf."""
    try:
        return list(tf.nest.flatten(structure, expand_composites=False))
    except Exception:
        return [structure]


def site_of(session: Session, kind: str, place: Place | None, count: int) -> RawSite:
    key = (kind, place, count)
    if key not in session.sites:
        session.sites[key] = RawSite(len(session.sites), kind, place)
    return session.sites[key]


def ask(
    session: Session,
    kind: str,
    tape: RawTape | None,
    target: Any,
    sources: Any,
    compute: Callable[[], Any],
    frame: Any,
    zero: bool = False,
    place: Place | None = None,
) -> Any:
    """Run a gradient call and note what it was asked for and what came out, or what it raised. Its result is passed on untouched."""
    place = place or session.place_of(frame)
    kind = session.keras.kind_of(kind, frame) if session.keras is not None else kind
    flat = flatten(sources)
    site = site_of(session, kind, place, len(flat))
    run = RawRun(session.next(), site.id, site.count, kind, place, tape.id if tape else None, (), type(target).__name__, ())
    run.unconnected_zero = zero
    run.look = run.turn % session.every == 0
    site.count += 1
    try:
        _note_question(session, run, site, target, flat, frame)
    except Exception as error:
        session.failed("note what a gradient call was asked for", error)
    doing = session.doing
    before, doing.current_run, doing.phase = doing.phase, run, "backward"
    try:
        result = compute()
    except BaseException as error:
        run.raised = Raised(type(error).__name__, str(error)[:2000], None, run.steps[-1].type if run.steps and not run.steps[-1].sent else None)
        session.raised_in[id(error)] = site.id
        run.gradients = tuple(Gradient(True) for _ in flat)
        _keep(session, site, run, "error", tape)
        raise
    finally:
        doing.current_run, doing.phase = None, before
    try:
        _note_answer(session, site, run, flat, flatten(result) if len(flat) != 1 else [result] if not isinstance(result, (list, tuple)) else flatten(result), tape, target)
    except Exception as error:
        session.failed("look at the gradients", error)
    return result


def _note_question(session: Session, run: RawRun, site: RawSite, target: Any, flat: list[Any], frame: Any) -> None:
    targets = []
    for t in flatten(target):
        key = session.variables.key(t)
        if key is None:
            continue
        targets.append(key)
        if key not in session.tensors and isinstance(t, framework_ops.EagerTensor):
            session.tensors[key] = note_tensor(session, t, "unknown")
        elif key not in session.tensors and hasattr(t, "dtype"):
            session.tensors[key] = note_tensor(session, t, "unknown", look=False)
        if isinstance(t, framework_ops.EagerTensor) and shape_of(t) == ():
            array = array_of(t)
            run.target_value = float(array) if array is not None and array.dtype.kind in "fiub" else None
        run.in_graph = run.in_graph or not isinstance(t, framework_ops.EagerTensor)
    run.in_graph = run.in_graph and not context.executing_eagerly()
    run.targets = tuple(targets)
    user_frame = session.spans.frame(frame)
    session.variables.look_around(user_frame)
    run.sources = tuple(source_of(session, s, user_frame, i, run.turn == 0) for i, s in enumerate(flat))
    _note_renewal(session, run, site)
    if targets and targets[0] in session.tensors:
        session.variables.name_tensors(user_frame, dict.fromkeys(targets, target))


def _note_renewal(session: Session, run: RawRun, site: RawSite) -> None:
    """Whether every source of this turn was made since the last turn, in the place of others."""
    ids = frozenset(s.id for s in run.sources if s.kind == "variable")
    known = session.variables.known
    if ids and site.ids and not ids & site.ids and all((known[i].created or 0) > site.last for i in ids if i in known):
        site.renewed += 1
    site.ids, site.last = ids, run.seq


def source_of(session: Session, source: Any, frame: Any, index: int, closely: bool) -> Source:
    """What the user passed as a source, and what they would call it."""
    key = session.variables.key(source)
    known = session.sources.get(key) if key is not None and not closely else None
    if known is not None and known.trainable is bool(getattr(source, "trainable", True)):
        return known
    if session.variables.is_variable(source):
        session.variables.add(source)
        assert key is not None
        value = numbers_of_variable(session, source) if closely else None
        found = Source(key, "variable", session.variables.name(key), dtype_name(source), shape_of(source), bool(getattr(source, "trainable", True)), value, type(source).__name__)
        if not closely:
            session.sources[key] = found
        return found
    if key is None:
        return Source(session.fresh_id(), "other", session.variables.local_name(frame, source) or f"source {index}", "unknown", None, None, None, type(source).__name__)
    if key not in session.tensors:
        session.tensors[key] = note_tensor(session, source, "unknown", look=isinstance(source, framework_ops.EagerTensor))
    name = session.variables.local_name(frame, source) or f"source {index}"
    return Source(key, "tensor", name, dtype_name(source), shape_of(source), None, numbers_of(source) if closely else None, type(source).__name__)


def numbers_of_variable(session: Session, variable: Any) -> Any:
    """The variable's value in numbers, read without any tape or hook noticing."""
    if not context.executing_eagerly():
        return None
    try:
        with session.aside():
            value = session.variables.unwrap(variable).read_value_no_copy()
            session.changes.first(session.variables.unwrap(variable).handle._id, value)
            return numbers_of(value)
    except Exception:
        return None


def status_of(gradient: Any, flow: tuple[float, bool, bool] | None, limit: float = math.inf) -> str:
    if gradient is None:
        return "none"
    if flow is None:
        return "ok"
    norm, finite, zero = flow
    return ("nan" if norm != norm else "inf") if not finite else "zero" if zero else "exploding" if norm > limit else "ok"


def _note_answer(session: Session, site: RawSite, run: RawRun, flat: list[Any], results: list[Any], tape: RawTape | None, target: Any) -> None:
    if len(results) != len(flat):
        results = (results + [None] * len(flat))[: len(flat)]
    if run.in_graph:
        single = flatten(target)
        session.graphs.template(run, site, results, single)
        return
    flows = [flow_of(run.flows, g) if g is not None and run.look else None for g in results]
    if not site.limits:
        site.limits = limits(run.sources)
    worst = max(map(status_of, results, flows, site.limits), key=RANK.__getitem__, default="ok")
    closely = RANK[worst] > site.worst or run.turn == 0
    if worst in ("nan", "inf") and closely:
        worst = "nan" if any(_has_nan(g) for g in results) else "inf"
    run.gradients = tuple(gradient_of(session, g, closely, run, i) for i, g in enumerate(results))
    if run.look and len(site.norms) < 20_000:
        site.norms.append([None if f is None else f[0] for f in flows])
    _keep(session, site, run, worst, tape)


def _has_nan(gradient: Any) -> bool:
    found = numbers_of(getattr(gradient, "values", gradient)) if gradient is not None else None
    return found is not None and found.nans > 0


def gradient_of(session: Session, gradient: Any, closely: bool, run: RawRun, index: int) -> Gradient:
    if gradient is None:
        return Gradient(True)
    tensor = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
    filled = False
    if run.unconnected_zero:
        sent = {i for step in run.steps for i in step.sent}
        filled = identity_of(gradient) not in sent and not _aggregated(session, identity_of(gradient))
    return Gradient(
        False,
        identity_of(gradient),
        numbers_of(tensor, histogram=True) if closely else None,
        isinstance(gradient, tf.IndexedSlices),
        filled,
        shape_of(gradient),
    )


def _aggregated(session: Session, key: int | None) -> bool:
    for op in reversed(session.ops):
        if op.phase != "backward":
            return False
        if key in op.outputs:
            return op.type in ("AddN", "Add", "AddV2", "Identity")
    return False


def _keep(session: Session, site: RawSite, run: RawRun, worst: str, tape: RawTape | None) -> None:
    """Keep the first run of a place and every run that is worse than all before it; forget the ops of the others."""
    if tape is not None:
        tape.used = True
    bad = RANK[worst]
    if bad and site.first_bad is None:
        site.first_bad = run.turn
    # From the second turn on the updates between two calls go as well; those behind the first call stay with it.
    start = site.opened if run.turn > 1 else min((r[0] for r in (tape.recording if tape else ())), default=run.seq)
    site.opened = session.next()
    if run.turn == 0 or bad > site.worst:
        site.worst = max(site.worst, bad)
        session.runs.append(run)
        session.kept_until = max(session.kept_until, run.seq)
        return
    others = [t.recording[0][0] for t in session.tapes.values() if t.recording and t is not tape and (t.persistent or t.recording[-1][1] is None)]
    if not others:
        session.trim(start)
        if tape is not None:
            session.tapes.pop(tape.id, None)


def _is_made_of_nothing(tensor: Any) -> bool:
    """Whether a gradient in a graph is the zeros that TensorFlow puts in the place of None."""
    op = getattr(tensor, "op", None)
    while op is not None and op.type in ("Identity", "Reshape") and op.inputs:
        op = op.inputs[0].op
    return op is not None and op.type in ("ZerosLike", "Fill", "Const", "Zeros")


def _with_values(sources: tuple[Source, ...], before: Mapping[int, Any]) -> tuple[Source, ...]:
    return tuple(dataclasses.replace(s, value=numbers_of(before[s.id])) if s.id in before else s for s in sources)


def note_graph_run(session: Session, template: Any, found: dict[int, Any], target: Any = None, before: Mapping[int, Any] | None = None) -> RawRun | None:
    """A gradient call inside a graph ran: `found` holds the value of each gradient that is not None. The run, if it is kept and something in it is bad."""
    traced: RawRun = template.run
    template.ran = True
    site = site_of(session, template.kind, template.place, len(traced.sources))
    if traced not in session.runs and not any(r.site == site.id for r in session.runs):
        traced.site = site.id
        session.graphs.traced_runs.append(template)
    count = site.count if site.norms else 0
    run = dataclasses.replace(traced, seq=session.next(), site=site.id, turn=count, gradients=(), flows={}, in_graph=True, ran=True, look=count % session.every == 0)
    site.count = count + 1
    results = [found.get(i) for i in range(len(traced.sources))]
    flows = [flow_of(run.flows, g) if g is not None and run.look else None for g in results]
    if not site.limits and before:
        site.limits = limits(_with_values(run.sources, before))
    bounds = site.limits or (math.inf,) * len(results)
    statuses = ["none" if m else status_of(g, f, b) if g is not None else "ok" for m, g, f, b in zip(template.missing, results, flows, bounds, strict=True)]
    worst = max(statuses, key=RANK.__getitem__, default="ok")
    if count == 0 or (run.look and len(site.norms) < 20_000):
        site.norms.append([None if f is None else f[0] for f in flows])
    bad = RANK[worst]
    if bad and (site.first_bad is None or not site.norms[:-1]):
        site.first_bad = run.turn
    site.opened, opened = session.next(), site.opened
    if run.turn and bad <= site.worst:
        if run.turn > 1 and not session.doing.active:
            session.trim(opened)
        return None
    site.worst = max(site.worst, bad)
    if before:
        run.sources = _with_values(run.sources, before)
        for source in run.sources:
            if source.id in before:
                session.changes.first(source.id, before[source.id])
    value = array_of(target) if target is not None else None
    if target is not None and run.targets:
        session.tensors[run.targets[0]] = note_tensor(session, target)
    run.target_value = float(value) if value is not None and value.shape == () and value.dtype.kind in "fiub" else None
    run.gradients = tuple(
        Gradient(m, t.id, numbers_of(g, histogram=True) if g is not None else None, sp, traced.unconnected_zero and _is_made_of_nothing(made), t.shape or shape)
        for m, g, sp, t, shape, made in zip(template.missing, results, template.sparse, traced.gradients, template.shapes, template.tensors, strict=True)
    )
    run.seq = traced.seq
    # The values of a graph's tensors are kept once: those of the worst run.
    session.runs = [r for r in session.runs if r is not traced and not (r.site == site.id and r.in_graph and (r.turn or not r.ran))]
    session.runs.append(run)
    lost = target is not None and run.targets and session.tensors[run.targets[0]].finite is False
    return run if (bad and worst != "none") or lost or any(sizes(run.sources, run.gradients)) else None
