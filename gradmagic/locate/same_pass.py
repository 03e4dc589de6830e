"""Variables that two optimizers move for two gradients of one forward pass: the second gradient belongs to values that the first step has changed."""

from __future__ import annotations

from gradmagic.locate.fault import Fault
from gradmagic.locate.paths import paths_of
from gradmagic.recording import Applied, GradientRun, Recording, Update

# Its steps along two gradients are one step along their sum; beside another optimizer it moves the variables in a way of its own, as a decay of the weights does.
LINEAR = frozenset({"SGD"})


def second_step(recording: Recording, update: Update) -> Fault | None:
    """An update of variables that another line has updated since the forward pass, with a gradient of the same pass."""
    mine = _asked(recording, update)
    for other in sorted(recording.updates, key=lambda u: u.seq):
        if other is update:
            return None
        theirs = _asked(recording, other) if other.span != update.span else {}
        shared = [key for key in mine if key in theirs and _is_one_pass(recording, mine[key], theirs[key], other)]
        if shared and (_targets(mine[shared[0]]) == _targets(theirs[shared[0]]) or LINEAR.isdisjoint({update.type, other.type})):
            run, first = mine[shared[0]], theirs[shared[0]]
            stale = run.tape == first.tape and not run.in_graph and run.seq > other.seq
            detail = {"how": "one pass", "other": other, "first": first, "stale": stale, "key": "one pass"}
            return Fault("step", "twice", run, tuple(i for i, s in enumerate(run.sources) if s.id in shared), span=update.span, update=update, detail=detail)
    return None


def _targets(run: GradientRun) -> set[int]:
    return {t.id for t in run.targets}


def _asked(recording: Recording, update: Update) -> dict[int, GradientRun]:
    """The calls that the gradients came from which an optimizer was given, by their variables."""

    def is_known(pair: Applied) -> bool:
        return pair.gradient is not None and pair.run is not None and pair.gradient_of == pair.variable

    if update.raised is not None or update.kind == "assign" or not update.type:
        return {}
    return {pair.variable: recording.runs[pair.run] for pair in update.pairs if is_known(pair) and pair.run is not None}


def _is_one_pass(recording: Recording, run: GradientRun, first: GradientRun, between: Update) -> bool:
    """Whether two targets were computed before the first of two updates: under one tape, or under tapes that were opened together."""
    if run is first or run.tape is None or first.tape is None:
        return False
    if run.tape != first.tape:
        one, other = recording.tapes.get(run.tape), recording.tapes.get(first.tape)
        if one is None or other is None or one.span is None or other.span is None or (one.span.cell, one.span.file, one.span.line) != (other.span.cell, other.span.file, other.span.line):
            return False
    if run.in_graph:
        return run.tape == first.tape
    made = paths_of(recording, run).producer
    return all(t.id in made and made[t.id].seq < between.seq for t in run.targets)
