"""Faults of the training step: what was computed, what the optimizer was given, and what became of the variables."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gradmagic.assignments import is_thrown_away
from gradmagic.locate.effects import locate_effects, written
from gradmagic.locate.fault import Fault
from gradmagic.locate.standing import APPLIES, locate_standing
from gradmagic.recording import GradientRun, Recording, Span, Update
from gradmagic.syntax import call_at, first_use, uses_of_result
from gradmagic.unreached import call_ahead, never_run

# Two runs of one line may be a comparison of two settings; a loop that goes on is a training loop.
TURNS = 3
# What `tape.watch` says when it raises.
WATCHED = re.compile(r"Passed in object .* of type '(\w+)', not tf\.Tensor", re.S)


def locate_steps(recording: Recording) -> list[Fault]:
    """Gradients that nothing was updated with, pairs in the wrong order, variables that were skipped, optimizers that raised, steps without effect."""
    faults: list[Fault] = []
    for update in recording.updates:
        run = next((recording.runs[p.run] for p in update.pairs if p.run is not None), None)
        if update.raised is not None:
            faults.append(Fault("error", "optimizer", run or _same_sources(recording, update), (), span=update.span, update=update))
            continue
        crossed = [p for p in update.pairs if p.gradient_of is not None and p.gradient_of != p.variable]
        if crossed:
            faults.append(Fault("step", "crossed", run, (), span=update.span, update=update, detail={"pairs": tuple(crossed)}))
        if update.skipped and len(update.skipped) < len(update.pairs):
            where = run or _same_sources(recording, update)
            indices = tuple(i for i, s in enumerate(where.sources) if s.id in update.skipped) if where else ()
            faults.append(Fault("step", "skipped", where, indices, span=update.span, update=update))
    faults += _without_gradients(recording) + _custom_gradient_raised(recording) + _watch_raised(recording) + _unpaired(recording) + _asked_for_nothing(recording)
    faults += _not_applied(recording)
    faults += _left_over(recording)
    faults += locate_effects(recording) + locate_standing(recording)
    return faults


def _same_sources(recording: Recording, update: Update) -> GradientRun | None:
    wanted = {p.variable for p in update.pairs}
    return next((r for r in reversed(recording.runs) if wanted & {s.id for s in r.sources}), None)


def _without_gradients(recording: Recording) -> list[Fault]:
    """Keras calls that raised before they asked for a gradient, or whose model trains no weight."""
    faults = []
    for call in recording.training:
        if call.raised is not None and not any(r.span == call.span for r in recording.runs):
            faults.append(Fault("error", "training", None, (), span=call.span, detail={"call": call, "key": call.name}))
        elif call.weights and not call.trainable and call.raised is None:
            faults.append(Fault("step", "frozen", None, (), span=call.span, detail={"call": call, "key": call.model}))
    return faults


def _custom_gradient_raised(recording: Recording) -> list[Fault]:
    """A custom gradient that raised where its function was called: the function reads a variable, and its gradient function takes none."""
    raised = recording.raised
    if raised is None or raised.type != "TypeError" or "grad_fn must accept" not in raised.message:
        return []
    return [Fault("error", "variables", None, (), span=raised.span)]


def _watch_raised(recording: Recording) -> list[Fault]:
    """A tape that was told to watch what is neither a tensor nor a variable."""
    raised = recording.raised
    told = WATCHED.match(raised.message) if raised is not None and raised.type == "ValueError" else None
    if raised is None or told is None or raised.span is None or call_at(recording, raised.span, ("watch",)) is None:
        return []
    return [Fault("error", "watched", None, (), span=raised.span, detail={"type": told.group(1)})]


def _unpaired(recording: Recording) -> list[Fault]:
    """An optimizer that raised about its argument before it looked at a gradient."""
    raised = recording.raised
    told = raised is not None and raised.span is not None and raised.type in ("TypeError", "ValueError", "AttributeError") and not any(u.span == raised.span for u in recording.updates)
    if raised is None or raised.span is None or not told or call_at(recording, raised.span, ("apply_gradients",)) is None:
        return []
    return [Fault("error", "unpaired", recording.runs[-1] if recording.runs else None, (), span=raised.span)]


def _asked_for_nothing(recording: Recording) -> list[Fault]:
    """Gradient calls whose list of sources is empty, with the update that was given none in turn; an optimizer that raised about that says it itself."""
    if any(u.raised is not None and not u.pairs for u in recording.updates):
        return []
    empty = next((u for u in recording.updates if not u.pairs and u.kind == "optimizer"), None)
    runs = (next(recording.runs_of(site.id), None) for site in recording.sites if site.kind.startswith("tape."))
    return [Fault("error", "nothing", run, (), span=run.span, update=empty) for run in runs if run is not None and not run.sources and run.raised is None]


def _not_applied(recording: Recording) -> list[Fault]:
    """Gradients of trainable variables that were computed again and again while nothing was ever updated."""
    if recording.raised is not None or recording.updates:
        return []
    given_later = written(recording)
    faults = []
    for site in recording.sites:
        runs = list(recording.runs_of(site.id))
        if not runs or not site.kind.startswith("tape.gradient"):
            continue
        run = runs[0]
        trainable = [i for i, s in enumerate(run.sources) if s.kind == "variable" and s.trainable]
        if len(trainable) < len(run.sources) or not trainable or any(g.missing for g in run.gradients):
            continue
        if {s.id for s in run.sources} & given_later or site.count < TURNS or site.renewed:
            continue
        if site.trail is not None and any(site.trail.moved.values()):
            continue
        gradients = [g.id for g in run.gradients]
        unreached = call_ahead(recording, run.span, APPLIES) if run.span is not None else None
        if unreached is not None:
            faults.append(Fault("step", "unapplied", run, tuple(trainable), span=unreached, detail={"count": site.count, "unreached": True}))
            continue
        lazy = never_run(recording, run.span) if run.span is not None else None
        if lazy is not None:
            faults.append(Fault("step", "unapplied", run, tuple(trainable), span=lazy, detail={"count": site.count, "lazy": True}))
            continue
        thrown = _are_thrown_away(recording, gradients)
        if not thrown and ((run.span is not None and uses_of_result(recording, run.span)) or _are_used(recording, gradients)):
            continue
        faults.append(Fault("step", "unapplied", run, tuple(trainable), span=run.span, detail={"count": site.count, "thrown": _use_of(recording, gradients) if thrown else None}))
    return faults


def _use_of(recording: Recording, gradients: Iterable[int | None]) -> Span | None:
    """Where the first of these gradients is used."""
    wanted = {g for g in gradients if g is not None}
    spans = [op.span for g in wanted for op in recording.consumers.get(g, ()) if op.phase == "forward"] + [e.span for e in recording.escapes if e.tensor in wanted]
    return next((s for s in spans if s is not None), None)


def _are_used(recording: Recording, gradients: Iterable[int | None]) -> bool:
    """Whether an op read one of these gradients, or their values left TensorFlow."""
    wanted = {g for g in gradients if g is not None}
    return any(op.phase == "forward" for g in wanted for op in recording.consumers.get(g, ())) or any(e.tensor in wanted for e in recording.escapes)


def _are_thrown_away(recording: Recording, gradients: Iterable[int | None]) -> bool:
    """Whether every one of these gradients was computed with, and only in expressions whose value goes nowhere."""
    wanted = [g for g in gradients if g is not None]
    readers = [[op for op in recording.consumers.get(g, ()) if op.phase == "forward"] for g in wanted]
    values = {out for ops in readers for op in ops for out in op.outputs}
    left = [[e for e in recording.escapes if e.tensor == g] for g in wanted]
    if any(e.tensor in values for e in recording.escapes):
        return False
    uses = [[*(op.span for op in ops), *(e.span for e in escapes)] for ops, escapes in zip(readers, left, strict=True)]
    return bool(uses) and all(spans and all(span is not None and is_thrown_away(recording, span) for span in spans) for spans in uses)


def _left_over(recording: Recording) -> list[Fault]:
    """Gradients of a call that nothing used while the others of the same call were applied, turn after turn."""
    faults = []
    given_later = written(recording)
    applied = {p.gradient_of for u in recording.updates if u.raised is None for p in u.pairs if p.gradient is not None} | given_later
    given = {p.variable for u in recording.updates for p in u.pairs} | given_later
    for site in recording.sites:
        run = next(recording.runs_of(site.id), None)
        if run is None or site.count < 2 or not site.kind.startswith("tape.gradient") or recording.raised is not None or run.raised is not None or site.renewed or run.in_graph:
            continue
        mine = [i for i, s in enumerate(run.sources) if s.kind == "variable" and s.trainable and not run.gradients[i].missing]
        left = [i for i in mine if run.sources[i].id not in applied | given and (c := recording.changes.get(run.sources[i].id)) is not None and c.same]
        if not left or len(left) == len(mine) or _are_used(recording, (run.gradients[i].id for i in left)):
            continue
        update = next((u for u in recording.updates if {p.variable for p in u.pairs} & {run.sources[i].id for i in mine}), None)
        faults.append(
            Fault(
                "step",
                "leftover",
                run,
                tuple(left),
                span=(first_use(recording, run.span) if run.span is not None else None) or (update.span if update is not None else run.span),
                update=update,
                detail={"count": site.count},
            )
        )
    return faults
