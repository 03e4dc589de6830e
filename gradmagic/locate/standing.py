"""Faults of variables that stand still, or come back to where they were, though gradients of them are computed."""

from __future__ import annotations

from collections.abc import Iterable

from gradmagic.assignments import skipped_call
from gradmagic.locate.fault import Fault
from gradmagic.recording import WRITES, GradientRun, Recording, Site, Span, Trail, Update

# A schedule that reaches zero with the last step, or shortly before, is meant so.
LONG, SHARE = 3, 0.2
BACK = 2
TURNS = 3
# A unit norm comes to its last bit with the second update.
MOVES, STAYS = 2, 8
APPLIES = frozenset({"apply_gradients", "apply", "minimize"})


def locate_standing(recording: Recording) -> list[Fault]:
    """Training that goes on at a learning rate of 0, updates that are undone before anything used them, and a traced step without its update."""
    if recording.raised is not None:
        return []
    faults: list[Fault | None] = []
    for site in recording.sites:
        run = next(recording.runs_of(site.id), None)
        if run is None or site.trail is None or run.raised is not None or site.renewed:
            continue
        update = next((u for u in recording.updates if u.raised is None and {p.variable for p in u.pairs} & {s.id for s in run.sources}), None)
        faults.append(_at_rest(site, site.trail, run, update))
        faults.append(_undone(recording, site.trail, run, update))
        faults.append(_held(recording, site, site.trail, run, update))
        if update is None:
            faults.append(_left_out(recording, site, site.trail, run))
    return [f for f in faults if f is not None]


def _at_rest(site: Site, trail: Trail, run: GradientRun, update: Update | None) -> Fault | None:
    if update is None or update.learning_rate != 0 or trail.resting is None or not any(trail.moved.values()):
        return None
    turns = site.count - trail.resting
    norms = [n for row in site.norms[trail.resting :] for n in row if n is not None]
    if turns < LONG or turns < SHARE * site.count or not any(norms):
        return None
    moved = tuple(i for i, s in enumerate(run.sources) if trail.moved.get(s.id))
    return Fault("step", "rested", run, moved, span=update.span, update=update, detail={"turns": turns, "count": site.count, "key": "rested"})


def _undone(recording: Recording, trail: Trail, run: GradientRun, update: Update | None) -> Fault | None:
    mine = {i: recording.put_back[s.id] for i, s in enumerate(run.sources) if s.id in recording.put_back}
    same = all((c := recording.changes.get(s.id)) is not None and c.same for s in run.sources if s.kind == "variable")
    if not mine or same or trail.returns < BACK or not any(trail.moved.values()) or any(p.used or p.unread < BACK for p in mine.values()):
        return None
    back = next(iter(mine.values()))
    return Fault("step", "undone", run, tuple(mine), span=back.span, update=update, detail={"times": back.unread, "sure": trail.repeats >= trail.returns, "key": "undone"})


def _held(recording: Recording, site: Site, trail: Trail, run: GradientRun, update: Update | None) -> Fault | None:
    """Variables that a constraint gives the old value after each update. One that holds them at zero, or at a bound that they came to, does what it is there for."""
    if update is None or update.kind == "assign" or trail.looks < STAYS:
        return None
    held = []
    for i, source in enumerate(run.sources):
        norms = [row[i] for row in site.norms if i < len(row)]
        change = recording.changes.get(source.id)
        if 0 < trail.moved.get(source.id, 0) <= MOVES and all(norms) and change is not None and change.norm:
            held.append(i)
    where = constraint_of(recording, update, {run.sources[i].id for i in held}) if held else None
    return Fault("step", "held", run, tuple(held), span=update.span, update=update, detail={"constraint": where, "count": site.count, "key": "held"}) if where is not None else None


def constraint_of(recording: Recording, update: Update, variables: Iterable[int]) -> Span | None:
    """Where the value is computed that the optimizer itself assigns to each of some variables after it has moved it."""
    found = None
    for key in variables:
        writes = [op for op in recording.consumers.get(key, ()) if op.phase == "update" and op.type in WRITES and op.span == update.span]
        kinds = [op.type for op in writes]
        last = writes[-1] if writes else None
        made = recording.producer.get(last.inputs[1]) if last is not None and len(last.inputs) > 1 else None
        if last is None or last.type != "AssignVariableOp" or kinds.count("AssignVariableOp") * 2 != len(kinds):
            return None
        found = (made.span if made is not None else None) or update.span
    return found


def _left_out(recording: Recording, site: Site, trail: Trail, run: GradientRun) -> Fault | None:
    """A traced step whose condition for the update was decided while it was traced, by a number that the step itself counts."""
    mine = tuple(i for i, s in enumerate(run.sources) if s.kind == "variable" and s.trainable)
    if not run.in_graph or site.count < TURNS or any(trail.moved.values()) or not _flow(site.norms) or run.span is None or len(mine) < len(run.sources):
        return None
    skipped = skipped_call(recording, run.span, APPLIES)
    return Fault("step", "left-out", run, mine, span=skipped[0], detail={"count": site.count, "call": skipped[1]}) if skipped is not None else None


def _flow(norms: Iterable[Iterable[float | None]]) -> bool:
    return any(n for row in norms for n in row)
