"""Faults of the training step: what was computed, and what the optimizer was given."""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.recording import GradientRun, Recording
from gradmagic.syntax import uses_of_result


def locate_steps(recording: Recording) -> list[Fault]:
    """Gradients that nothing was updated with, pairs in the wrong order, variables that were skipped, optimizers that raised."""
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
    faults += _not_applied(recording)
    return faults


def _same_sources(recording: Recording, update: object) -> GradientRun | None:
    wanted = {p.variable for p in update.pairs}  # type: ignore[attr-defined]
    return next((r for r in reversed(recording.runs) if wanted & {s.id for s in r.sources}), None)


def _not_applied(recording: Recording) -> list[Fault]:
    """Gradients of trainable variables that were computed again and again while nothing was ever updated."""
    if recording.raised is not None or recording.updates:
        return []
    # The first assignment to a variable made in the cell is its initial value.
    made = {key: v.created_at for key, v in recording.variables.items() if v.created is not None}
    written = {a.variable for a in recording.assignments if made.get(a.variable) is None or made[a.variable] != a.span}
    faults = []
    for site in recording.sites:
        runs = list(recording.runs_of(site.id))
        if not runs or not site.kind.startswith("tape.gradient"):
            continue
        run = runs[0]
        trainable = [i for i, s in enumerate(run.sources) if s.kind == "variable" and s.trainable]
        if len(trainable) < len(run.sources) or not trainable or any(g.missing for g in run.gradients):
            continue
        if {s.id for s in run.sources} & written or site.count < 2:
            continue
        if run.span is not None and uses_of_result(recording, run.span):
            continue
        faults.append(Fault("step", "unapplied", run, tuple(trainable), span=run.span, detail={"count": site.count}))
    return faults
