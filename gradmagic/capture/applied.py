"""What changed variables, and which gradient of which call each was given."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradmagic.capture.events import RawOp, RawUpdate
from gradmagic.capture.updates import given_to, optimizer_inside, steps_of
from gradmagic.recording import (
    WRITES,
    AddedUp,
    Applied,
    Assignment,
    Update,
)

if TYPE_CHECKING:
    from gradmagic.capture.session import Session


REACH = 400


def updates_of(session: Session, ops: list[RawOp], by_output: dict[int, RawOp]) -> tuple[tuple[Update, ...], tuple[Assignment, ...]]:
    """The places that changed variables, and every single assignment, in order."""
    # The gradients of two variables that are added are one tensor.
    owners: dict[int, list[tuple[int, int]]] = {}
    for index, run in enumerate(session.runs):
        for source, gradient in zip(run.sources, run.gradients, strict=False):
            if gradient.id is not None:
                owners.setdefault(gradient.id, []).append((source.id, index))
    # Nothing that was computed before the first gradient call came from a gradient; ops of graphs are numbered when they are unrolled.
    first = min((run.seq for run in session.runs), default=0)

    @functools.cache
    def origins(key: int) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        waiting, seen = [key], set[int]()
        while waiting and len(seen) < REACH:
            current = waiting.pop(0)
            if current in seen:
                continue
            seen.add(current)
            if current in owners:
                found += owners[current]
                continue
            op = by_output.get(current)
            if op is not None and (op.in_graph or op.seq > first):
                waiting.extend(op.inputs)
        return tuple(dict.fromkeys(found))

    def pair(variable: int, gradient: int | None) -> Applied:
        sources = origins(gradient) if gradient is not None else ()
        mine = [s for s in sources if s[0] == variable]
        chosen = mine[0] if mine else sources[0] if len(sources) == 1 else None
        run = chosen[1] if chosen else sources[0][1] if sources else None
        apart = chosen is not None and chosen[0] != variable and session.changes.are_apart(variable, chosen[0])
        return Applied(variable, gradient, chosen[0] if chosen else None, run, apart=apart)

    def pairs_of(update: RawUpdate) -> tuple[Applied, ...]:
        """The pairs of the trace that ran, or of a loop's last turn where nothing is known of the first: their gradients are those of the calls that were kept."""
        traces = [tuple(pair(v, g) for v, g in given) for given, _ in update.traces or [(update.pairs, [])]]
        if update.latest and not any(p.run is not None for p in traces[0]):
            return tuple(pair(v, g) for v, g in update.latest)
        return max(reversed(traces), key=lambda pairs: sum(p.run is not None for p in pairs))

    updates = [
        Update(
            u.seq,
            u.kind,
            session.spans.span(u.place),
            u.optimizer,
            pairs_of(u),
            u.skipped,
            u.raised,
            _count(session, u),
            u.in_graph,
            u.type,
            _learning_rate(session, u),
            u.repeated,
            u.fresh,
            _added_up(session, u),
            _clips(u),
        )
        for u in session.updates
    ]
    noted = [(seq, variable, how, value, session.spans.span(place)) for seq, variable, how, value, place in session.assignments]
    noted += [(op.seq, op.inputs[0], op.type, op.inputs[-1], op.span) for op in ops if op.in_graph and op.type in WRITES and op.phase != "update"]
    assignments = [Assignment(*a) for a in sorted(noted, key=lambda a: a[0])]
    in_update = {op.seq for op in ops if op.phase == "update"}
    # Of the healthy turns of a loop no more is kept than how often they assigned.
    turns = Counter((a.span, a.variable) for a in assignments)
    for (variable, *_), (place, dropped) in session.assignments_dropped.items():
        turns[session.spans.span(place), variable] += dropped
    places: dict[Any, Update] = {}
    for a in assignments:
        if a.value is None or a.seq in in_update:
            continue
        made = pair(a.variable, a.value)
        if made.run is None:
            continue
        before = places.get(a.span)
        pairs = (*before.pairs, made) if before else (made,)
        places[a.span] = Update(before.seq if before else a.seq, "assign", a.span, None, _unique(pairs), count=max(turns[a.span, a.variable], before.count if before else 1))
    return (*updates, *places.values()), tuple(assignments)


def _count(session: Session, update: RawUpdate) -> int:
    """How often a place updated: its calls, or in a graph the runs of that graph, or the steps that the optimizer counted."""
    if not update.traces:
        return update.count
    wanted = {variable for variable, _ in update.pairs}
    runs = 0
    for _, templates in update.traces:
        fitting = [t.runs for t in templates if wanted & {s.id for s in t.run.sources}] or [t.runs for t in templates]
        runs += max(fitting, default=0)
    if runs:
        return runs
    optimizer: Any = update.optimizer_ref() if update.optimizer_ref is not None else None
    shared = sum(u.optimizer_ref is not None and u.optimizer_ref() is optimizer for u in session.updates) > 1
    now = steps_of(session, optimizer) if optimizer is not None and not shared else None
    return len(update.traces) if now is None or update.begun is None else max(now - update.begun, 0)


def _added_up(session: Session, update: RawUpdate) -> AddedUp | None:
    optimizer: Any = update.optimizer_ref() if update.optimizer_ref is not None else None
    after = given_to(session, optimizer) if optimizer is not None and update.given_before is not None else None
    if after is None:
        return None
    # Another line may have given it gradients before.
    before = min(u.given_before for u in session.updates if u.given_before is not None and u.optimizer_ref() is optimizer)
    return AddedUp(optimizer_inside(optimizer).gradient_accumulation_steps, before, after)


def _clips(update: RawUpdate) -> str:
    optimizer = optimizer_inside(update.optimizer_ref()) if update.optimizer_ref is not None else None
    given = {name: getattr(optimizer, name, None) for name in ("clipnorm", "global_clipnorm", "clipvalue")}
    return next((f"{name}={value}" for name, value in given.items() if value is not None), "")


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
