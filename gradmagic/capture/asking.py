"""A call that asks for gradients: what it was asked for, what came out, and which of its runs are kept."""

from __future__ import annotations

import ast
import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.framework import ops as framework_ops

from gradmagic.capture.closely import flow_of, identity_of
from gradmagic.capture.events import RawRun, RawSite, RawTape
from gradmagic.capture.inner_steps import take_in, take_in_declined
from gradmagic.capture.numbers import array_of, dtype_name, extent_of, numbers_of, shape_of
from gradmagic.capture.ops import note_tensor
from gradmagic.capture.rows import look_at_row
from gradmagic.capture.session import Session
from gradmagic.capture.spans import Place
from gradmagic.capture.trail import is_due, note_values
from gradmagic.capture.under_tape import look_under_tape, release
from gradmagic.recording import Gradient, Raised, Source, Span
from gradmagic.sizes import are_faint, limits, sizes

LONGEST = 60
RANK = {"ok": 0, "exploding": 1, "zero": 2, "none": 3, "inf": 4, "nan": 5, "error": 6}


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
    if run.in_graph and site.norms:
        # A further trace of a place that has run already: only what runs counts.
        site.count -= 1
    doing = session.doing
    session.latest_run = run
    graph = framework_ops.get_default_graph() if run.in_graph else None
    first = len(graph.get_operations()) if graph is not None else 0
    before, outer, doing.current_run, doing.phase = doing.phase, doing.current_run, run, "backward"
    try:
        result = compute()
    except BaseException as error:
        run.raised = Raised(type(error).__name__, str(error)[:2000], None, run.steps[-1].type if run.steps and not run.steps[-1].sent else None)
        session.raised_in[id(error)] = site.id
        if run.in_graph:
            # Nothing will call it: its ops are read for the place of the one that raised.
            session.graphs.broken.append(framework_ops.get_default_graph())
        run.gradients = tuple(Gradient(True) for _ in flat)
        run.entering.clear()
        run.traced.clear()
        _keep(session, site, run, "error", tape)
        raise
    finally:
        doing.current_run, doing.phase = outer, before
        run.hiding.clear()
    try:
        if graph is not None:
            take_in(session, run, graph, first)
        _note_answer(session, site, run, flat, flatten(result), tape, target)
    except Exception as error:
        session.failed("look at the gradients", error)
    finally:
        run.entering.clear()
        run.traced.clear()
        release(session)
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
    naming = _owner_of_tape(session, user_frame)
    asked = [session.variables.add(s) for s in flat if session.variables.is_variable(s)]
    values = session.changes.now(key for key in asked if key is not None) if is_due(run.turn) else {}
    run.sources = tuple(source_of(session, s, naming, i, values if run.turn == 0 else None) for i, s in enumerate(flat))
    _note_renewal(session, run, site)
    note_values(session, site, run.turn, values)
    if targets and targets[0] in session.tensors:
        session.variables.name_tensors(naming, dict.fromkeys(targets, target))


def _owner_of_tape(session: Session, frame: Any) -> Any:
    """The frame whose names are spoken: of a function that was handed the tape, such as `safe_grad(tape, y, x)`, the one that calls it."""
    step = frame
    while step is not None and step.f_code.co_name != "<module>":
        given = step.f_code.co_varnames[: step.f_code.co_argcount]
        if not any(isinstance(step.f_locals.get(name), tf.GradientTape) for name in given):
            return step
        step = session.spans.frame(step.f_back)
    return step if step is not None else frame


def _note_renewal(session: Session, run: RawRun, site: RawSite) -> None:
    """Whether every source of this turn was made since the last turn, in the place of others."""
    ids = frozenset(s.id for s in run.sources if s.kind == "variable")
    known = session.variables.known
    if ids and site.ids and not ids & site.ids and all((known[i].created or 0) > site.last for i in ids if i in known):
        site.renewed += 1
    site.ids, site.last = ids, run.seq


def source_of(session: Session, source: Any, frame: Any, index: int, values: Mapping[int, Any] | None) -> Source:
    """What the user passed as a source, and what they would call it; with the `values` of the variables a close look at it."""
    key = session.variables.key(source)
    known = session.sources.get(key) if key is not None and values is None else None
    if known is not None and known.trainable is bool(getattr(source, "trainable", True)):
        return known
    if session.variables.is_variable(source):
        assert key is not None
        value = None
        if values is not None and key in values:
            value = session.changes.extent(key, values[key])
            session.changes.first(key, values[key], value)
        found = Source(key, "variable", session.variables.name(key), dtype_name(source), shape_of(source), bool(getattr(source, "trainable", True)), value, type(source).__name__)
        if values is None:
            session.sources[key] = found
        return found
    if key is None:
        return Source(session.fresh_id(), "other", session.variables.local_name(frame, source) or f"source {index}", "unknown", None, None, None, type(source).__name__)
    if key not in session.tensors:
        session.tensors[key] = note_tensor(session, source, "unknown", look=isinstance(source, framework_ops.EagerTensor))
    name = session.variables.local_name(frame, source) or f"source {index}"
    return Source(key, "tensor", name, dtype_name(source), shape_of(source), None, extent_of(source) if values is not None else None, type(source).__name__)


def as_written(sources: tuple[Source, ...], span: Span | None) -> tuple[Source, ...]:
    """The sources; those without a name under the expression that the call gives for them, as in `tape.gradient(y, tf.cast(x, tf.float32))`."""
    if span is None or span.line != span.end_line or not any(s.name.startswith("source ") for s in sources):
        return sources
    text = span.code[span.column : span.end_column]
    try:
        call = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return sources
    given = call.args[1] if isinstance(call, ast.Call) and len(call.args) > 1 else None
    parts = given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
    if len(parts) != len(sources) or isinstance(given, ast.Dict):
        return sources
    written = [ast.get_source_segment(text, p) if p is not None else None for p in parts]
    return tuple(dataclasses.replace(s, name=w) if s.name.startswith("source ") and w and len(w) <= LONGEST else s for s, w in zip(sources, written, strict=True))


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
    statuses = list(map(status_of, results, flows, site.limits))
    worst = max(statuses, key=RANK.__getitem__, default="ok")
    lost = is_first_lost(site, run, worst)
    closely = RANK[worst] > site.worst or run.turn == 0 or lost
    if worst in ("nan", "inf") and closely:
        worst = "nan" if any(_has_nan(g) for g in results) else "inf"
    run.gradients = tuple(gradient_of(session, g, closely, run) for g in results)
    if run.look and len(site.norms) < 20_000:
        site.norms.append([None if f is None else f[0] for f in flows])
    if run.entering and None in results:
        take_in_declined(session, run)
    if run.turn and closely and "exploding" in statuses:
        # How large the gradient of a later turn is counts beside what the variables hold in it.
        run.sources = with_values(run.sources, session.changes.now(s.id for s in run.sources if s.kind == "variable"))
    if closely and run.traced and worst != "ok":
        look_at_row(session, run, results, target.shape)
    if closely and run.entering and (lost or set(statuses) - {"ok", "none"} or any(sizes(run.sources, run.gradients)) or are_faint(run.sources, run.gradients)):
        look_under_tape(session, run)
    _keep(session, site, run, worst, tape, lost=lost)


def with_values(sources: tuple[Source, ...], values: Mapping[int, Any]) -> tuple[Source, ...]:
    """The sources with a close look at what those variables hold whose values are given."""
    return tuple(dataclasses.replace(s, value=extent_of(values[s.id])) if s.id in values else s for s in sources)


def is_first_lost(site: RawSite, run: RawRun, worst: str) -> bool:
    """Whether this is the first run of a place whose target is not finite while all gradients were so far."""
    if not run.lost or site.lost or max(site.worst, RANK[worst]) >= RANK["inf"]:
        return False
    site.lost = True
    return True


def _has_nan(gradient: Any) -> bool:
    found = numbers_of(getattr(gradient, "values", gradient)) if gradient is not None else None
    return found is not None and found.nans > 0


def gradient_of(session: Session, gradient: Any, closely: bool, run: RawRun) -> Gradient:
    if gradient is None:
        return Gradient(True)
    tensor = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
    filled, key = False, identity_of(gradient)
    if run.unconnected_zero:
        sent = {i for step in run.steps for i in step.sent}
        filled = key not in sent and not _aggregated(session, key)
    seen = run.flows.get(key) if key is not None else None
    return Gradient(
        False,
        key,
        numbers_of(tensor, histogram=True, norm=seen[0] if seen is not None else None) if closely else None,
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


def _keep(session: Session, site: RawSite, run: RawRun, worst: str, tape: RawTape | None, *, lost: bool = False) -> None:
    """Keep the first run of a place and every run that is worse than all before it; forget the ops of the others."""
    if tape is not None:
        tape.used = True
    bad = RANK[worst]
    if bad and site.first_bad is None:
        site.first_bad = run.turn
    # From the second turn on the updates between two calls go as well; those behind the first call stay with it.
    start = site.opened if run.turn > 1 else min((r[0] for r in (tape.recording if tape else ())), default=run.seq)
    site.opened = session.next()
    if run.turn == 0 or bad > site.worst or lost:
        site.worst = max(site.worst, bad)
        session.runs.append(run)
        session.kept_until = max(session.kept_until, run.seq)
        return
    others = [t.recording[0][0] for t in session.tapes.values() if t.recording and t is not tape and (t.persistent or t.recording[-1][1] is None)]
    # Inside a gradient function the forward pass that it belongs to is still to be read.
    if not others and session.doing.current_run is None:
        session.trim(start)
        if tape is not None:
            session.tapes.pop(tape.id, None)
